import { describe, expect, it } from 'vitest'
import { subscribeAll, wantsOf } from '../../src/ingest/subscriptions.ts'
import type { ActivitySubscription, ActivityTopic } from '../../src/x/client.ts'
import { XError, type XErrorKind } from '../../src/x/errors.ts'
import { freeCalls } from '../helpers/free-calls.ts'
import { SILENT_X } from '../helpers/silent-x.ts'
import { silent } from '../helpers/stores.ts'

const ACCOUNTS = [
  { id: 'a', xUserId: '1', captureDirectMessages: false, trackLikes: false },
  { id: 'b', xUserId: '2', captureDirectMessages: false, trackLikes: false },
]
const there = (
  eventType: string,
  userId?: string,
  change: Partial<ActivitySubscription> = {},
): ActivitySubscription => {
  const { tag = 'perch', direction, webhookId } = change
  return { id: `${eventType}/${userId}/${tag}`, eventType, userId, direction, webhookId, tag }
}

/** What is asked of X that has `subscriptions`; `refuse` says what it refuses. */
async function asked(
  subscriptions: readonly ActivitySubscription[],
  refuse: (what: string) => XErrorKind | undefined = () => undefined,
  stop = new AbortController(),
  { accounts = ACCOUNTS, webhookId }: { accounts?: typeof ACCOUNTS; webhookId?: string } = {},
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
    subscriptions: async () => ({ body: {}, value: { subscriptions, nextToken: undefined } }),
    subscribe: (topic: ActivityTopic, options: { accessToken?: string; webhookId?: string }) =>
      call(
        ['+', topic.eventType, topic.userId, topic.direction, options.accessToken, options.webhookId]
          .filter((part) => part !== undefined)
          .join(' '),
      ),
    redirect: (id: string, webhook: string) => call(`> ${id} ${webhook}`),
    unsubscribe: (id: string) => call(`- ${id}`),
  }
  const services = { x: { activity }, calls: freeCalls((id) => `token of ${id}`), logger: silent }
  let error: unknown
  let standings: string[] = []
  try {
    const became = await subscribeAll(services, wantsOf(accounts), webhookId, stop.signal)
    standings = became.map(({ want, standing }) => `${want.topic.eventType} ${want.accountId} ${standing}`)
  } catch (failure) {
    error = failure
  }
  return { calls: made, error, standings }
}
const POSTS = ['post.mention.create', 'post.reply.create', 'post.create', 'post.delete']
const ALL = [
  '+ oauth.revoke',
  ...POSTS.map((event) => `+ ${event} 1 token of a`),
  ...POSTS.map((event) => `+ ${event} 2 token of b`),
]

describe('X’s subscriptions', () => {
  it('that are missing are made, and no others', async () => {
    expect((await asked([])).calls).toEqual(ALL)
    const most = [
      there('oauth.revoke'),
      there('post.mention.create', '1'),
      { ...there('post.reply.create', '1'), tag: undefined },
    ]
    expect((await asked(most)).calls).toEqual(ALL.slice(3))
  })

  it('follow the settings: likes that the account makes, and messages', async () => {
    const messages = ['dm.received', 'dm.sent', 'chat.received', 'chat.sent']
    const [account] = ACCOUNTS
    const accounts = [{ ...account, id: 'a', xUserId: '1', captureDirectMessages: true, trackLikes: true }]
    const all = await asked([], undefined, undefined, { accounts })
    expect(all.calls).toEqual([
      ...ALL.slice(0, 5),
      ...messages.map((event) => `+ ${event} 1 token of a`),
      '+ like.create 1 outbound token of a',
    ])
    // Switched off again.
    const before = [...POSTS, ...messages].map((event) => there(event, '1'))
    const likes = [there('like.create', '1', { direction: 'outbound' })]
    const off = await asked([there('oauth.revoke'), ...before, ...likes], undefined, undefined, {
      accounts: ACCOUNTS.slice(0, 1),
    })
    expect(off.calls).toEqual([...messages, 'like.create'].map((event) => `- ${event}/1/perch`))
  })

  it('tell the webhook, where there is one: new ones, ours that told none or another, none of others', async () => {
    const accounts = ACCOUNTS.slice(0, 1)
    const before = [
      there('oauth.revoke', undefined, { webhookId: '7' }),
      there('post.mention.create', '1', { webhookId: '6' }),
      there('post.reply.create', '1'),
      there('post.create', '1', { tag: 'somebody else', webhookId: '6' }),
    ]
    expect((await asked(before, undefined, undefined, { accounts, webhookId: '7' })).calls).toEqual([
      '> post.mention.create/1/perch 7',
      '> post.reply.create/1/perch 7',
      '+ post.create 1 token of a 7',
      '+ post.delete 1 token of a 7',
    ])
    // Without one, what tells a webhook tells the stream as well.
    expect((await asked(before, undefined, undefined, { accounts })).calls).toEqual(['+ post.delete 1 token of a'])
  })

  it('of accounts that are not at work end first; others’ are left alone', async () => {
    const gone = [
      there('post.mention.create', '3'),
      there('post.reply.create', '3', { tag: 'somebody else' }),
      { ...there('post.reply.create', '4'), tag: undefined },
    ]
    expect((await asked(gone)).calls).toEqual(['- post.mention.create/3/perch', ...ALL])
  })

  it('that X refuses hold up no other; an outage does', async () => {
    const refused = await asked([], (what) => (what.includes('mention') ? 'FORBIDDEN' : undefined))
    expect(refused).toMatchObject({ calls: ALL, error: undefined })
    for (const kind of ['UNAVAILABLE', 'RATE_LIMITED'] as const) {
      const away = await asked([], (what) => (what.includes('mention') ? kind : undefined))
      expect(away).toMatchObject({ calls: ALL.slice(0, 2), error: expect.objectContaining({ kind }) })
    }
  })

  it('say what became of each', async () => {
    const refuse = (what: string) => (what.includes('post.create') ? 'FORBIDDEN' : undefined)
    const accounts = ACCOUNTS.slice(0, 1)
    const before = [there('post.mention.create', '1'), there('post.delete', '1', { webhookId: '6' })]
    expect((await asked(before, refuse, undefined, { accounts, webhookId: '6' })).standings).toEqual([
      'oauth.revoke undefined MADE',
      'post.mention.create a BEFORE',
      'post.reply.create a MADE',
      'post.create a REFUSED',
      'post.delete a BEFORE',
    ])
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
