import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createInbox, type Inbox } from '../../src/ingest/inbox.ts'
import { pollAccount } from '../../src/ingest/poller.ts'
import type { PolledAccount } from '../../src/ingest/sources/source.ts'
import type { Store } from '../../src/store/store.ts'
import type { PageRequest, XAnswer, XClient } from '../../src/x/client.ts'
import { XError } from '../../src/x/errors.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { freeCalls } from '../helpers/free-calls.ts'
import { BRAND_ID, createAccount } from '../helpers/posts.ts'
import { SILENT_X } from '../helpers/silent-x.ts'
import { silent, testStore } from '../helpers/stores.ts'

let database: TestDatabase
let store: Store
let inbox: Inbox
let account: PolledAccount
let stop: AbortController
let polling: Promise<void> | undefined

beforeEach(async () => {
  database = await testDatabase()
  store = await testStore(database.url)
  inbox = createInbox({ store, logger: silent })
  const settings = { captureDirectMessages: false, trackLikes: false }
  account = { id: await createAccount(store), xUserId: BRAND_ID, capturesFrom: new Date(0), ...settings }
  stop = new AbortController()
})
afterEach(async () => {
  stop.abort()
  await polling
  await inbox?.close()
  await store?.close()
  await database?.drop()
})

const EMPTY: XAnswer = { body: { meta: { result_count: 0 } } }
const pageOf = (ids: string[], next?: string, rest?: Partial<XAnswer>): XAnswer => ({
  body: {
    data: ids.map((id) => ({
      id,
      author_id: `9${id}`,
      text: '@acme help',
      entities: { mentions: [{ id: BRAND_ID, username: 'acme' }] },
    })),
    meta: next ? { next_token: next } : {},
  },
  ...rest,
})

/** Polls an X whose mentions are the answers given, one after the other, and then nothing new. */
function poll(answers: (XAnswer | XError)[]) {
  const asked: PageRequest[] = []
  let synced = 0
  let used: XAnswer['rateLimit']
  const x: XClient = {
    ...SILENT_X,
    searchRecent: async () => EMPTY,
    async mentions(_userId, request) {
      asked.push(request)
      const answer = answers.shift() ?? EMPTY
      if (answer instanceof XError) throw answer
      used = answer.rateLimit
      return answer
    },
  }
  /** As the real ones: what X said last is known to whoever asks. */
  const calls = {
    ...freeCalls(),
    left: async () => ({
      windows: used ? [{ remaining: used.remaining, endsInMs: used.resetsAt.getTime() - Date.now() }] : [],
      budget: null,
    }),
  }
  polling = pollAccount(
    {
      store,
      x,
      calls,
      inbox,
      logger: silent,
      everyMs: 20,
      onSynced: (_account, source) => void (source === 'mentions' && synced++),
    },
    account,
    stop.signal,
  )
  return { asked, synced: () => synced }
}

const captured = async () =>
  (await store.prisma.comment.findMany({ orderBy: { postedAt: 'asc' } })).map(({ externalId }) => externalId)
const cursor = async () => (await store.prisma.sourceCursor.findFirst({ where: { source: 'mentions' } }))?.sinceId

describe('polling for mentions', () => {
  it('reads all pages, commits them, and goes on after the newest', async () => {
    const { asked, synced } = poll([pageOf(['30', '20'], 'more'), pageOf(['10'])])
    await expect.poll(() => asked.length, { timeout: 5_000 }).toBeGreaterThanOrEqual(3)
    expect(asked.slice(0, 3)).toMatchObject([{ sinceId: '0' }, { sinceId: '0', pageToken: 'more' }, { sinceId: '30' }])
    expect(asked[2]).not.toHaveProperty('pageToken')
    expect(await captured()).toEqual(['10', '20', '30'])
    expect(await cursor()).toBe('30')
    expect(synced()).toBeGreaterThanOrEqual(1)
  })

  it('that breaks off before the last page moves no cursor, and reads all again', async () => {
    const broken = new XError('UNAVAILABLE', 'broken')
    const { asked } = poll([pageOf(['30'], 'more'), broken, pageOf(['30'], 'more'), pageOf(['10'])])
    await expect.poll(cursor, { timeout: 5_000 }).toBe('30')
    expect(asked.slice(0, 4)).toMatchObject([
      { sinceId: '0' },
      { pageToken: 'more' },
      { sinceId: '0' },
      { pageToken: 'more' },
    ])
    expect(await captured()).toEqual(['10', '30'])
  })

  it('commits what it has before it waits for the end of a rate limit’s window', async () => {
    const used = { rateLimit: { limit: 300, remaining: 0, resetsAt: new Date(Date.now() + 600_000) } }
    const { asked, synced } = poll([pageOf(['30'], undefined, used)])
    await expect.poll(captured).toEqual(['30'])
    expect([await cursor(), synced()]).toEqual(['30', 1])
    expect(asked).toHaveLength(1)
  })

  it('commits also in the middle of its pages before it waits', async () => {
    const used = { rateLimit: { limit: 300, remaining: 0, resetsAt: new Date(Date.now() + 600_000) } }
    poll([pageOf(['30'], 'more', used)])
    await expect.poll(captured).toEqual(['30'])
    expect(await cursor()).toBeNull()
  })

  it('goes on with a long reading where it broke off, and asks X for no page twice', async () => {
    const pages = Array.from({ length: 12 }, (_, n) => String(120 - n * 10))
    const broken = new XError('UNAVAILABLE', 'broken')
    const { asked } = poll([
      ...pages.slice(0, 11).map((id) => pageOf([id], `after-${id}`)),
      broken,
      pageOf(['20'], 'more'),
      pageOf(['10']),
      pageOf(['130']),
    ])
    await expect.poll(cursor, { timeout: 5_000 }).toBe('130')
    expect((await captured()).map(Number).sort((a, b) => a - b)).toEqual([...pages.map(Number).toReversed(), 130])
    // Ten pages are kept at a time: the eleventh was lost with the connection.
    expect(asked.slice(12, 15)).toMatchObject([
      { sinceId: '0', untilId: '30' },
      { sinceId: '0', untilId: '30', pageToken: 'more' },
      { sinceId: '120' },
    ])
    expect(asked[14]).not.toHaveProperty('untilId')
    expect(await store.prisma.sourceCursor.findFirst({ where: { source: 'mentions' } })).toMatchObject({
      gapUntilId: null,
      gapNewestId: null,
    })
  })

  it('takes an answer that is no page for X’s failure, not for an empty page', async () => {
    const { asked } = poll([{ body: 'try again later' }, pageOf(['30'])])
    await expect.poll(captured, { timeout: 5_000 }).toEqual(['30'])
    expect(asked.length).toBeGreaterThanOrEqual(2)
  })
})
