import { describe, expect, it } from 'vitest'
import { subscribeAll } from '../../src/ingest/subscriptions.ts'
import type { ActivitySubscription } from '../../src/x/client.ts'
import { XError, type XErrorKind } from '../../src/x/errors.ts'
import { freeCalls } from '../helpers/free-calls.ts'
import { SILENT_X } from '../helpers/silent-x.ts'
import { silent } from '../helpers/stores.ts'

const ACCOUNTS = [
  { id: 'a', xUserId: '1' },
  { id: 'b', xUserId: '2' },
]
const there = (eventType: string, userId?: string, tag: string | undefined = 'perch'): ActivitySubscription => ({
  id: `${eventType}/${userId}/${tag}`,
  eventType,
  userId,
  tag,
})

/** What is asked of X that has `subscriptions`; `refuse` says what it refuses. */
async function asked(
  subscriptions: readonly ActivitySubscription[],
  refuse: (what: string) => XErrorKind | undefined = () => undefined,
  stop = new AbortController(),
) {
  const made: string[] = []
  const call = async (what: string) => {
    made.push(what)
    const kind = refuse(what)
    if (kind) throw new XError(kind, what)
    return { body: {} }
  }
  const activity = {
    ...SILENT_X.activity,
    subscriptions: async () => ({ body: {}, subscriptions, nextToken: null }),
    subscribe: (eventType: string, userId: string, token: string) => call(`+ ${eventType} ${userId} ${token}`),
    subscribeToRevocations: () => call('+ oauth.revoke'),
    unsubscribe: (id: string) => call(`- ${id}`),
  }
  const calls = freeCalls((id) => `token of ${id}`)
  const error = await subscribeAll({ x: { activity }, calls, logger: silent }, ACCOUNTS, stop.signal).catch(
    (failure: unknown) => failure,
  )
  return { calls: made, error }
}
const ALL = [
  '+ oauth.revoke',
  '+ post.mention.create 1 token of a',
  '+ post.reply.create 1 token of a',
  '+ post.mention.create 2 token of b',
  '+ post.reply.create 2 token of b',
]

describe('X’s subscriptions', () => {
  it('that are missing are made, and no others', async () => {
    expect((await asked([])).calls).toEqual(ALL)
    const most = [there('oauth.revoke'), there('post.mention.create', '1'), there('post.reply.create', '1', undefined)]
    expect((await asked(most)).calls).toEqual(ALL.slice(3))
  })

  it('of accounts that are not at work end first; others’ are left alone', async () => {
    const gone = [
      there('post.mention.create', '3'),
      there('post.reply.create', '3', 'somebody else'),
      { ...there('post.reply.create', '4'), tag: undefined },
    ]
    expect((await asked(gone)).calls).toEqual(['- post.mention.create/3/perch', ...ALL])
  })

  it('that X refuses hold up no other; an outage does', async () => {
    const refused = await asked([], (what) => (what.includes('mention') ? 'FORBIDDEN' : undefined))
    expect(refused).toEqual({ calls: ALL, error: undefined })
    for (const kind of ['UNAVAILABLE', 'RATE_LIMITED'] as const) {
      const away = await asked([], (what) => (what.includes('mention') ? kind : undefined))
      expect(away).toEqual({ calls: ALL.slice(0, 2), error: expect.objectContaining({ kind }) })
    }
  })

  it('are left as they are when the program stops', async () => {
    const stop = new AbortController()
    const { calls } = await asked(
      [],
      () => {
        stop.abort()
        return undefined
      },
      stop,
    )
    expect(calls).toEqual(ALL.slice(0, 1))
  })
})
