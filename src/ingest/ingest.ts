import type { Logger } from 'pino'
import type { Feed } from '../pubsub/feed.ts'
import type { Leases } from '../store/leases.ts'
import type { Store } from '../store/store.ts'
import type { XClient } from '../x/client.ts'
import type { XCalls, XMeter } from '../x-calls/x-calls.ts'
import { createActivity } from './activity.ts'
import { type ActivityMode, startActivitySource } from './activity-source.ts'
import { followAccounts } from './follow-accounts.ts'
import { createInbox } from './inbox.ts'
import { watchLag } from './lag-watch.ts'
import type { ChatNews } from './parse-activity.ts'
import { pollAccount } from './poller.ts'
import { createRoom } from './room.ts'
import type { PolledAccount } from './sources/source.ts'
import { drainDeliveries } from './webhook-drain.ts'

/*
 * Starts and stops the sources as accounts come, go and change, in every worker process; leases see
 * to it that each source is read by one process at a time.
 */

export interface Ingest {
  /** Seconds that the account which is furthest behind may be behind X. */
  lag(): number
  /** Reads what webhooks brought: the task of the job DRAIN. */
  drain(signal: AbortSignal | undefined): Promise<void>
  close(): Promise<void>
}

export interface IngestOptions {
  readonly store: Store
  readonly x: XClient
  readonly calls: XCalls
  readonly meter: Pick<XMeter, 'event'>
  readonly leases: Leases
  readonly feed: Feed
  readonly logger: Logger
  /** Told that somebody removed the app, of whatever account it is. */
  readonly onRevoked: (xUserId: string, at: Date) => Promise<void>
  /** Told that an encrypted conversation of an account has news. */
  readonly onChat?: ((news: ChatNews) => Promise<void>) | undefined
  /** How X tells what happens. */
  readonly activity: ActivityMode
  /** Where X's webhook calls reach us. */
  readonly webhookUrl: () => string
  /** Between two rounds of polling. */
  readonly pollMs?: number
  readonly onIngested?: (source: string, seconds: number) => void
}

/** What a poller depends on: with another, it begins anew. */
const begunWith = (account: PolledAccount & { readonly credential: { readonly grantedAt: Date } | null }): string =>
  [
    Number(account.capturesFrom),
    Number(account.credential?.grantedAt),
    account.captureDirectMessages,
    account.trackLikes,
  ].join()

/** Events about XChat that are being passed on. */
const MAX_CHATS = 1_000

interface Task {
  /** What it was begun with; an account that was switched on or authorized anew begins anew. */
  readonly begun: string
  readonly abort: AbortController
  readonly done: Promise<void>
}

export function startIngest(options: IngestOptions): Ingest {
  const { store, x, calls, meter, leases, feed, logger, pollMs = 15_000 } = options
  const stopping = new AbortController()
  const inbox = createInbox({ store, logger, onIngested: options.onIngested })
  const pollers = new Map<string, Task>()
  /** Pollers that were stopped, until they have ended: whoever begins anew waits for the lease that they give back. */
  const ending = new Map<string, Promise<void>>()
  const lag = watchLag({ store, logger }, stopping.signal)
  const { onRevoked, onChat } = options
  const chats = createRoom(MAX_CHATS, stopping.signal)
  const activity = createActivity({
    inbox,
    meter,
    logger,
    onRevoked,
    onChat: onChat && ((news) => chats.during(onChat(news))),
  })
  /** For whoever brings events: of neither kind more than there is room for. */
  const room = async () => {
    await inbox.room()
    await chats.room()
  }

  const activeAccounts = () =>
    store.prisma.account.findMany({
      where: { status: 'ACTIVE', credential: { isNot: null } },
      select: {
        id: true,
        xUserId: true,
        capturesFrom: true,
        captureDirectMessages: true,
        trackLikes: true,
        credential: { select: { grantedAt: true } },
      },
      orderBy: { id: 'asc' },
    })

  function start(account: PolledAccount, begun: string): void {
    const abort = new AbortController()
    const signal = AbortSignal.any([abort.signal, stopping.signal])
    const poller = {
      store,
      x,
      calls,
      inbox,
      logger,
      everyMs: pollMs,
    }
    const hold = () => leases.hold(`poll/${account.id}`, signal, (held) => pollAccount(poller, account, held))
    const before = ending.get(account.id)
    pollers.set(account.id, { begun, abort, done: before ? before.then(hold) : hold() })
  }

  function stop(id: string, { abort, done }: Task): void {
    abort.abort()
    pollers.delete(id)
    const ended = done.finally(() => {
      if (ending.get(id) === ended) ending.delete(id)
    })
    ending.set(id, ended)
  }

  /** Makes the pollers match the accounts, and has X's subscriptions follow: X may be slow, and the next change is not to wait for it. */
  async function sync(): Promise<void> {
    const accounts = await activeAccounts()
    const wanted = new Map(accounts.map((account) => [account.id, { account, begun: begunWith(account) }]))
    for (const [id, task] of pollers) if (wanted.get(id)?.begun !== task.begun) stop(id, task)
    for (const [id, { account, begun }] of wanted) if (!pollers.has(id)) start(account, begun)
    source.changed(accounts)
  }

  const source = startActivitySource(
    {
      store,
      x,
      calls,
      leases,
      inbox: { ...inbox, room },
      activity,
      logger,
      mode: options.activity,
      webhookUrl: options.webhookUrl,
      accounts: activeAccounts,
    },
    stopping.signal,
  )
  const following = followAccounts({ feed, logger, sync, signal: stopping.signal })

  return {
    lag,
    drain: (signal) => drainDeliveries({ store, inbox: { room }, activity }, signal),
    async close() {
      stopping.abort()
      await inbox.close()
      await following
      await Promise.allSettled([source.ended, ...ending.values(), ...[...pollers.values()].map(({ done }) => done)])
    },
  }
}
