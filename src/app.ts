import type { Logger } from 'pino'
import { createAnswerParts } from './composition/answers.ts'
import { confirmationLink } from './composition/confirmation-link.ts'
import { openDatabase } from './composition/database.ts'
import { openDoor } from './composition/door.ts'
import { startWorker } from './composition/worker.ts'
import { openX } from './composition/x.ts'
import type { Config } from './config.ts'
import { createDisposers, type Disposers } from './disposers.ts'
import type { Patience, Refusal } from './domain/authorization.ts'
import { createReplyAddresses } from './mail/reply-address.ts'
import type { Bus } from './pubsub/bus.ts'
import type { Feed } from './pubsub/feed.ts'
import { createFeed } from './pubsub/live-feed.ts'
import { createMemoryBus } from './pubsub/memory-bus.ts'
import { createRedisBus } from './pubsub/redis-bus.ts'
import { readSecrets } from './secret.ts'
import { createTokenSigner, deriveTokenKey, type TokenSigner } from './server/auth.ts'
import { createLinkTokens } from './server/link-tokens.ts'
import { createMetrics } from './server/metrics.ts'
import { WEBHOOK_PATH } from './server/webhook-door.ts'
import { startSimulatedX } from './simulated-x.ts'
import { addFirstUsers } from './store/bootstrap.ts'
import { openStore } from './store/open.ts'
import type { Store } from './store/store.ts'
import { createVault, type Vault } from './store/vault.ts'
import type { XClient } from './x/client.ts'

/*
 * The composition root: this and src/composition are the only places that build adapters and put the parts together.
 * What is opened is closed in the opposite order, also when a later part fails to open.
 */

export interface App {
  /** Where the door is, `http://host:port`. */
  readonly url: string
  readonly store: Store
  readonly feed: Feed
  readonly vault: Vault
  readonly signer: TokenSigner
  readonly x: XClient
  /** Resolves, with a sentence for the operator, when a part has ended without which the program cannot go on. */
  readonly broken: Promise<string>
  /** What runs inside this program instead of beside it. */
  readonly embedded: {
    /** The folder of the embedded PostgreSQL. */
    readonly postgres: string | undefined
    readonly bus: boolean
    readonly x: URL | undefined
  }
  close(): Promise<void>
}

/** How long the start waits for Redis. */
const BUS_PATIENCE_MS = 3_000

/** Paces that only tests change. */
export interface Tuning {
  /** Between two rounds of polling X. */
  readonly pollMs?: number
  /** Between two looks at an account's XChat. */
  readonly xchatMs?: number
  /** How long a lease lasts unrenewed. */
  readonly leaseMs?: number
  /** How consistent X's refusals must be (F47). */
  readonly patience?: Readonly<Record<Refusal, Patience>>
}

/** Starts everything that the settings ask for. Throws StartupError with one sentence for the operator. */
export async function startApp(config: Config, logger: Logger, tuning: Tuning = {}): Promise<App> {
  const disposers = createDisposers(logger)
  try {
    return await compose(config, logger, disposers, tuning)
  } catch (error) {
    await disposers.close()
    throw error
  }
}

async function compose(config: Config, logger: Logger, disposers: Disposers, tuning: Tuning): Promise<App> {
  const metrics = createMetrics()
  const starting = config.x.app ? undefined : startSimulatedX(logger)
  if (starting) disposers.add('X simulator', async () => (await starting.catch(() => undefined))?.stop())
  const database = await openDatabase(config, logger, disposers)
  const simulator = (await starting)?.url
  const secrets = await readSecrets(config)

  const bus: Bus = config.redisUrl ? createRedisBus({ url: config.redisUrl, logger }) : createMemoryBus()
  disposers.add('bus', () => bus.close())
  await patiently(bus.ready(), BUS_PATIENCE_MS, () => logger.warn('Redis does not answer yet; going on without it'))
  const store = await openStore({ databaseUrl: database.url, bus, logger, onAppend: metrics.eventsAppended })
  disposers.add('store', () => store.close())
  await addFirstUsers(store)
  const feed = await createFeed({ bus, log: store.log, logger })
  disposers.add('feed', () => feed.close())
  metrics.observe('feed_position', () => feed.position().offset)
  metrics.observe('feed_readers', () => feed.readers())

  const vault = createVault(secrets.current, secrets.previous)
  const xParts = openX({ config, store, vault, metrics, logger, simulator, patience: tuning.patience }, disposers)
  const links = createLinkTokens([secrets.current, ...secrets.previous])
  const signer = createTokenSigner(deriveTokenKey(secrets.current))
  // Without PERCH_URL we are where the door is, as soon as it is open.
  let door: string | undefined
  const publicUrl = (): string => config.url ?? door ?? `http://${config.host}:${config.port}`
  const addresses = createReplyAddresses(config.mail.replyTo, [secrets.current, ...secrets.previous])
  const answers = createAnswerParts({ config, store, logger, publicUrl })
  const shared = { config, store, feed, vault, addresses, answers, metrics, logger }
  const server = await openDoor({ ...shared, secrets, bus, signer, links, xParts, publicUrl })
  disposers.add('server', () => server.close())
  door = server.url
  // Last, so that nothing is asked of X by a program that does not get to its feet.
  if (config.role !== 'api') {
    const webhookUrl = () => publicUrl() + WEBHOOK_PATH
    const link = async (userId: string, accountId: string) =>
      `${publicUrl()}/oauth/x/start?ticket=${await links.sign({ userId, accountId })}`
    const confirmLink = confirmationLink(secrets, publicUrl)
    const { url: databaseUrl } = database
    await startWorker({ ...shared, ...xParts, databaseUrl, pace: tuning, webhookUrl, link, confirmLink }, disposers)
  }

  return {
    url: server.url,
    store,
    feed,
    vault,
    signer,
    x: xParts.x,
    broken: database.broken,
    embedded: { postgres: database.folder, bus: !config.redisUrl, x: simulator },
    close: () => disposers.close(),
  }
}

/** Waits for `ready`, but not for ever: the log is the truth, and the feed polls it while the bus is away. */
async function patiently(ready: Promise<void>, ms: number, onLate: () => void): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      onLate()
      resolve()
    }, ms)
  })
  await Promise.race([ready, late])
  clearTimeout(timer)
}
