import type { Logger } from 'pino'
import type { Feed } from '../pubsub/feed.ts'
import type { Leases } from '../store/leases.ts'
import type { Store } from '../store/store.ts'
import type { XClient } from '../x/client.ts'
import type { XCalls } from '../x-calls/x-calls.ts'
import { followAccounts } from './follow-accounts.ts'
import { inTurn } from './in-turn.ts'
import { createInbox } from './inbox.ts'
import { type PolledAccount, pollAccount } from './poller.ts'
import { streamActivity } from './stream.ts'
import { subscribeAll } from './subscriptions.ts'

/*
 * Starts and stops the sources as accounts come, go and change, in every worker process; leases see
 * to it that each source is read by one process at a time.
 */

export interface Ingest {
  /** Seconds since everything an account was sent had last been read, by account id. Only of sources read here. */
  lag(): ReadonlyMap<string, number>
  close(): Promise<void>
}

export interface IngestOptions {
  readonly store: Store
  readonly x: XClient
  readonly calls: XCalls
  readonly leases: Leases
  readonly feed: Feed
  readonly logger: Logger
  /** Told that somebody removed the app, of whatever account it is. */
  readonly onRevoked: (xUserId: string, at: Date) => Promise<void>
  /** Between two rounds of polling. */
  readonly pollMs?: number
  readonly onIngested?: (source: string, seconds: number) => void
}

interface Task {
  /** What it was begun with; an account that was switched on or authorized anew begins anew. */
  readonly begun: string
  readonly abort: AbortController
  readonly done: Promise<void>
}

export function startIngest(options: IngestOptions): Ingest {
  const { store, x, calls, leases, feed, logger, pollMs = 15_000 } = options
  const stopping = new AbortController()
  const inbox = createInbox({ store, logger, onIngested: options.onIngested })
  const pollers = new Map<string, Task>()
  /** Pollers that were stopped, until they have ended: whoever begins anew waits for the lease that they give back. */
  const ending = new Map<string, Promise<void>>()
  const syncedAt = new Map<string, number>()
  let subscribed = ''
  let streaming = false

  const activeAccounts = () =>
    store.prisma.account.findMany({
      where: { status: 'ACTIVE', credential: { isNot: null } },
      select: { id: true, xUserId: true, capturesFrom: true, credential: { select: { grantedAt: true } } },
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
      onSynced: (id: string) => void syncedAt.set(id, performance.now()),
    }
    const hold = () =>
      leases.hold(`poll/${account.id}`, signal, async (held) => {
        await pollAccount(poller, account, held)
        syncedAt.delete(account.id)
      })
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
    const wanted = new Map(
      accounts.map((account) => [
        account.id,
        { account, begun: [account.capturesFrom, account.credential?.grantedAt].map(Number).join() },
      ]),
    )
    for (const [id, task] of pollers) if (wanted.get(id)?.begun !== task.begun) stop(id, task)
    for (const [id, { account, begun }] of wanted) if (!pollers.has(id)) start(account, begun)
    if (!streaming || namesOf(accounts) === subscribed) return
    subscribe().catch((error: unknown) => logger.warn({ err: error }, 'X could not be told whose events we want'))
  }

  const subscribe = inTurn(async () => {
    if (stopping.signal.aborted) return
    const accounts = await activeAccounts()
    await subscribeAll({ x, calls, logger }, accounts, stopping.signal)
    subscribed = namesOf(accounts)
  })
  const streamer = { x, inbox, logger, subscribe, onRevoked: options.onRevoked }

  const stream = leases.hold('activity-stream', stopping.signal, async (signal) => {
    streaming = true
    try {
      await streamActivity(streamer, signal)
    } finally {
      streaming = false
    }
  })
  const following = followAccounts({ feed, logger, sync, signal: stopping.signal })

  return {
    lag: () => new Map([...syncedAt].map(([id, at]) => [id, (performance.now() - at) / 1000])),
    async close() {
      stopping.abort()
      await inbox.close()
      await following
      await Promise.allSettled([
        stream,
        subscribe(),
        ...ending.values(),
        ...[...pollers.values()].map(({ done }) => done),
      ])
    },
  }
}

const namesOf = (accounts: readonly PolledAccount[]): string => accounts.map(({ xUserId }) => xUserId).join()
