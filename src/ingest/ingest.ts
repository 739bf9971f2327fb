import type { Logger } from 'pino'
import type { AccessTokens } from '../accounts/access-tokens.ts'
import type { Feed } from '../pubsub/feed.ts'
import type { Leases } from '../store/leases.ts'
import type { Store } from '../store/store.ts'
import type { XClient } from '../x/client.ts'
import { createInbox } from './inbox.ts'
import { type PolledAccount, pollAccount } from './poller.ts'
import { pause } from './retry.ts'
import { streamActivity, subscribeAll } from './stream.ts'

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
  readonly tokens: AccessTokens
  readonly leases: Leases
  readonly feed: Feed
  readonly logger: Logger
  /** Told that somebody removed the app, of whatever account it is. */
  readonly onRevoked: (xUserId: string, at: Date) => Promise<void>
  /** Between two rounds of polling. */
  readonly pollMs?: number
  readonly onIngested?: (source: string, seconds: number) => void
}

/** Accounts are looked at again this often even if no event told of a change. */
const RESYNC_MS = 30_000

interface Task {
  readonly abort: AbortController
  readonly done: Promise<void>
}

export function startIngest(options: IngestOptions): Ingest {
  const { store, x, tokens, leases, feed, logger, pollMs = 15_000 } = options
  const stopping = new AbortController()
  const inbox = createInbox({ store, logger, onIngested: options.onIngested })
  const pollers = new Map<string, Task>()
  const syncedAt = new Map<string, number>()
  let subscribed = ''
  let streaming = false

  const activeAccounts = () =>
    store.prisma.account.findMany({
      where: { status: 'ACTIVE', credential: { isNot: null } },
      select: { id: true, xUserId: true, capturesFrom: true },
      orderBy: { id: 'asc' },
    })
  const streamer = { x, inbox, logger, tokens, accounts: activeAccounts, onRevoked: options.onRevoked }

  function poll(account: PolledAccount): Task {
    const abort = new AbortController()
    const signal = AbortSignal.any([abort.signal, stopping.signal])
    const poller = {
      store,
      x,
      tokens,
      inbox,
      logger,
      everyMs: pollMs,
      onSynced: (id: string) => void syncedAt.set(id, performance.now()),
    }
    const done = leases.hold(`poll/${account.id}`, signal, async (held) => {
      await pollAccount(poller, account, held)
      syncedAt.delete(account.id)
    })
    return { abort, done }
  }

  /** Makes the running sources match the accounts. */
  async function sync(): Promise<void> {
    const accounts = await activeAccounts()
    const wanted = new Set(accounts.map(({ id }) => id))
    for (const [id, { abort }] of pollers) {
      if (wanted.has(id)) continue
      abort.abort()
      pollers.delete(id)
    }
    for (const account of accounts) if (!pollers.has(account.id)) pollers.set(account.id, poll(account))
    const ids = accounts.map(({ xUserId }) => xUserId)
    if (streaming && ids.join() !== subscribed) await subscribeAll(streamer, accounts)
    subscribed = ids.join()
  }

  async function keepInSync(): Promise<void> {
    for (let first = true; !stopping.signal.aborted; first = false) {
      try {
        if (!first) await pause(1_000, stopping.signal)
        const changes = feed.events(undefined, stopping.signal)
        await sync()
        for await (const { events } of changes) if (events.some(({ body }) => isAboutAccounts(body.type))) await sync()
      } catch (error) {
        if (!stopping.signal.aborted) logger.warn({ err: error }, 'accounts could not be read; trying again')
      }
    }
  }

  const resync = setInterval(() => {
    sync().catch((error: unknown) => logger.warn({ err: error }, 'accounts could not be read; trying again'))
  }, RESYNC_MS)

  const stream = leases.hold('activity-stream', stopping.signal, async (signal) => {
    streaming = true
    try {
      await streamActivity(streamer, signal)
    } finally {
      streaming = false
    }
  })
  const syncing = keepInSync()

  return {
    lag: () => new Map([...syncedAt].map(([id, at]) => [id, (performance.now() - at) / 1000])),
    async close() {
      clearInterval(resync)
      stopping.abort()
      await inbox.close()
      await Promise.allSettled([syncing, stream, ...[...pollers.values()].map(({ done }) => done)])
    },
  }
}

function isAboutAccounts(type: string): boolean {
  return type === 'account.created' || type === 'account.updated'
}
