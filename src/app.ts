import { join } from 'node:path'
import type { Logger } from 'pino'
import { type AccessTokens, createAccessTokens } from './accounts/access-tokens.ts'
import { createAuthorizationWatch } from './accounts/authorization-watch.ts'
import { createAccounts } from './accounts/create-accounts.ts'
import { watchInactivity } from './accounts/inactivity.ts'
import { createNoticeTask, NOTICE_JOB } from './accounts/notices.ts'
import { createRemovedApps } from './accounts/removed-apps.ts'
import { createRevocationTask, heardOfRevocation, REVOCATION_JOB } from './accounts/revocation-job.ts'
import { revokeGrants } from './accounts/revocations.ts'
import type { Config } from './config.ts'
import { createDisposers, type Disposers } from './disposers.ts'
import type { Patience, Refusal } from './domain/authorization.ts'
import { createIncomingPosts } from './ingest/create-incoming-posts.ts'
import { startIngest } from './ingest/ingest.ts'
import { DRAIN, findDeliveries } from './ingest/webhook-drain.ts'
import { createWebhookIntake } from './ingest/webhook-intake.ts'
import { startXChatReader } from './ingest/xchat-reader.ts'
import { createFileMailer } from './mail/file-mailer.ts'
import type { Mailer } from './mail/mailer.ts'
import { createSmtpMailer } from './mail/smtp-mailer.ts'
import type { Bus } from './pubsub/bus.ts'
import type { Feed } from './pubsub/feed.ts'
import { createFeed } from './pubsub/live-feed.ts'
import { createMemoryBus } from './pubsub/memory-bus.ts'
import { createRedisBus } from './pubsub/redis-bus.ts'
import { buildSchema } from './schema/index.ts'
import { readSecrets } from './secret.ts'
import { createAuthenticator, createTokenSigner, deriveTokenKey, type TokenSigner } from './server/auth.ts'
import { createLinkTokens } from './server/link-tokens.ts'
import { createMetrics, type Metrics } from './server/metrics.ts'
import { oauthDoors } from './server/oauth-doors.ts'
import { startServer } from './server/server.ts'
import { startStatusServer } from './server/status-server.ts'
import { WEBHOOK_PATH, webhookDoor } from './server/webhook-door.ts'
import { SIMULATED_APP, startSimulatedX } from './simulated-x.ts'
import { addFirstUsers, FIRST_USERS } from './store/bootstrap.ts'
import { lockDataDir } from './store/data-dir.ts'
import { startEmbeddedPostgres } from './store/embedded-postgres.ts'
import { keepHouse } from './store/housekeeping.ts'
import { startJobRunner } from './store/job-runner.ts'
import { createLeases } from './store/leases.ts'
import { migrate } from './store/migrate.ts'
import { openStore } from './store/open.ts'
import type { Store } from './store/store.ts'
import { createVault, type Vault } from './store/vault.ts'
import type { XClient } from './x/client.ts'
import { createXClient } from './x/twitter-client.ts'
import { createXChat } from './x/xchat/create-xchat.ts'
import type { XChat } from './x/xchat.ts'
import { watchBudget } from './x-calls/budget.ts'
import { createXCalls } from './x-calls/create-x-calls.ts'
import { createMeter } from './x-calls/meter.ts'
import type { XCalls, XMeter } from './x-calls/x-calls.ts'

/*
 * The composition root: the only place that builds adapters and puts the parts together. What is
 * opened is closed in the opposite order, also when a later part fails to open.
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
  const simulate = !config.x.app
  const starting = simulate ? startSimulatedX(logger) : undefined
  if (starting) disposers.add('X simulator', async () => (await starting.catch(() => undefined))?.stop())
  const database = await openDatabase(config, logger, disposers)
  const simulated = await starting
  const databaseUrl = database.url
  const { current: secret, previous } = await readSecrets(config)

  const bus: Bus = config.redisUrl ? createRedisBus({ url: config.redisUrl, logger }) : createMemoryBus()
  disposers.add('bus', () => bus.close())
  await patiently(bus.ready(), BUS_PATIENCE_MS, () => logger.warn('Redis does not answer yet; going on without it'))
  const store = await openStore({ databaseUrl, bus, logger, onAppend: metrics.eventsAppended })
  disposers.add('store', () => store.close())
  await addFirstUsers(store)
  const feed = await createFeed({ bus, log: store.log, logger })
  disposers.add('feed', () => feed.close())
  metrics.observe('feed_position', () => feed.position().offset)
  metrics.observe('feed_readers', () => feed.readers())

  const vault = createVault(secret, previous)
  const { consumerSecret: simulatedSecret, ...simulatedApp } = SIMULATED_APP
  const xApp = config.x.app ?? simulatedApp
  const consumerSecret = config.x.consumerSecret ?? (simulate ? simulatedSecret : undefined)
  const x = createXClient({
    ...xApp,
    apiUrl: simulated?.url ?? config.x.apiUrl,
    onCall: (endpoint, status) => metrics.xCall(endpoint, status === 0 ? 'error' : status),
  })
  disposers.add('X client', () => x.close())
  // Without PERCH_URL we are where the door is, as soon as it is open.
  let door: string | undefined
  const publicUrl = (): string => config.url ?? door ?? `http://${config.host}:${config.port}`
  const xchat = createXChat()
  disposers.add('XChat', () => xchat.close())
  const watch = createAuthorizationWatch({ store, vault, logger, ...tuning })
  const tokens = createAccessTokens({ store, vault, x, logger, watch })
  const meter = createMeter({
    store,
    logger,
    ownerXUserId: config.x.ownerId,
    onSpent: (accountId) => watchBudget({ store, logger }, accountId),
  })
  disposers.add('meter', () => meter.close())
  const calls = createXCalls({ store, tokens, meter, logger })
  const accounts = createAccounts({
    store,
    vault,
    x,
    xchat,
    calls,
    meter,
    logger,
    redirectUri: () => config.x.callbackUrl ?? `${publicUrl()}/oauth/x/callback`,
  })
  const incomingPosts = createIncomingPosts({
    store,
    lookup: (accountId, ids) => calls.use(accountId, 'GET /2/tweets', (accessToken) => x.posts(ids, accessToken)),
    logger,
  })
  const links = createLinkTokens([secret, ...previous])

  const key = deriveTokenKey(secret)
  const signer = createTokenSigner(key)
  const readiness = async () => ({ database: await store.ping(), feed: feed.healthy(), bus: bus.healthy() })
  const common = { host: config.host, port: config.port, metrics, readiness, logger }
  const server =
    config.role === 'worker'
      ? await startStatusServer(common)
      : await startServer({
          ...common,
          schema: buildSchema(),
          services: { prisma: store.prisma, store, feed, accounts, incomingPosts },
          auth: createAuthenticator({
            ...(config.jwksUrl ? { jwksUrl: config.jwksUrl.href } : { key, furtherKeys: previous.map(deriveTokenKey) }),
            findUser: (id) => findUser(store, id),
          }),
          routes: {
            ...oauthDoors({
              accounts,
              links,
              handleOf: (id) => handleOf(store, id),
              isAdministrator: async (id) => isAdministrator(await findUser(store, id)),
            }),
            ...(consumerSecret && webhookDoor({ consumerSecret, keep: createWebhookIntake({ store }).keep, logger })),
          },
          graphiql: config.development,
          ...(config.development && !config.databaseUrl && { graphiqlHeaders: await firstToken(signer) }),
        })
  disposers.add('server', () => server.close())
  door = server.url
  // Last, so that nothing is asked of X by a program that does not get to its feet.
  if (config.role !== 'api')
    await startWorker(
      {
        databaseUrl,
        store,
        feed,
        vault,
        tokens,
        calls,
        meter,
        x,
        xchat,
        metrics,
        logger,
        config,
        tuning,
        webhookUrl: () => publicUrl() + WEBHOOK_PATH,
        link: async (userId, accountId) =>
          `${publicUrl()}/oauth/x/start?ticket=${await links.sign({ userId, accountId })}`,
      },
      disposers,
    )

  return {
    url: server.url,
    store,
    feed,
    vault,
    signer,
    x,
    broken: database.broken,
    embedded: { postgres: database.folder, bus: !config.redisUrl, x: simulated?.url },
    close: () => disposers.close(),
  }
}

interface Database {
  readonly url: string
  /** Where an embedded one lives. */
  readonly folder: string | undefined
  readonly broken: Promise<string>
}

async function openDatabase(config: Config, logger: Logger, disposers: Disposers): Promise<Database> {
  const database =
    config.databaseUrl === undefined
      ? await openEmbedded(config.dataDir, disposers)
      : // A database server that goes away comes back; everything here waits for it.
        { url: config.databaseUrl, folder: undefined, broken: new Promise<string>(() => {}) }
  const { applied } = await migrate(database.url)
  if (applied.length > 0) logger.debug({ applied }, 'migrations applied')
  return database
}

async function openEmbedded(dataDir: string, disposers: Disposers): Promise<Database> {
  const release = await lockDataDir(dataDir)
  disposers.add('data directory', release)
  const postgres = await startEmbeddedPostgres({ dataDir })
  disposers.add('PostgreSQL', () => postgres.stop())
  const broken = postgres.exited.then(
    () => `The embedded PostgreSQL has ended; ${postgres.directory}/server.log tells why. Start Perch again.`,
  )
  return { url: postgres.url, folder: postgres.directory, broken }
}

interface WorkerParts {
  readonly databaseUrl: string
  readonly store: Store
  readonly feed: Feed
  readonly vault: Vault
  readonly tokens: AccessTokens
  readonly calls: XCalls
  readonly meter: XMeter
  readonly x: XClient
  readonly xchat: XChat
  readonly metrics: Metrics
  readonly logger: Logger
  readonly config: Config
  readonly tuning: Tuning
  /** Where X's webhook calls reach us. */
  readonly webhookUrl: () => string
  /** Where authorizing an account anew begins, in an administrator's name. */
  readonly link: (userId: string, accountId: string) => Promise<string>
}

async function startWorker(parts: WorkerParts, disposers: Disposers): Promise<void> {
  const { databaseUrl, store, feed, vault, tokens, calls, meter, x, xchat, metrics, logger, config, tuning } = parts
  const { link, webhookUrl } = parts
  const mailer = createMailer(config, logger)
  disposers.add('mail', () => mailer.close())
  const leases = createLeases(store.prisma, logger)
  const reader = startXChatReader({
    store,
    x,
    xchat,
    calls,
    vault,
    leases,
    feed,
    logger,
    ...(tuning.xchatMs !== undefined && { everyMs: tuning.xchatMs }),
  })
  disposers.add('XChat reader', () => reader.close())
  const ingest = startIngest({
    store,
    x,
    feed,
    logger,
    calls,
    meter,
    leases,
    ...tuning,
    activity: config.x.activity,
    webhookUrl,
    onRevoked: (xUserId, at) => heardOfRevocation(store, xUserId, at),
    onChat: ({ accountXUserId }) => reader.hear(accountXUserId),
    onIngested: (source, seconds) => metrics.ingested(source, seconds),
  })
  disposers.add('ingest', () => ingest.close())
  metrics.observe('ingestion_lag_seconds', () => ingest.lag())
  const watchSilence = () => watchInactivity({ store, vault, logger })
  const jobs = await startJobRunner({
    databaseUrl,
    logger,
    tasks: {
      keep_house: () => keepHouse(store.prisma, { events: config.eventRetentionDays }),
      watch_inactivity: watchSilence,
      revoke_grants: () => revokeGrants({ store, vault, x, logger }),
      [DRAIN.name]: (_payload, signal) => ingest.drain(signal),
      find_deliveries: () => findDeliveries(store),
      [REVOCATION_JOB]: createRevocationTask(createRemovedApps({ store, vault, x, tokens, calls, logger })),
      [NOTICE_JOB]: createNoticeTask({ store, mailer, logger, link }),
    },
    schedule: {
      keep_house: '17 3 * * *',
      watch_inactivity: '7 * * * *',
      revoke_grants: '37 * * * *',
      find_deliveries: '* * * * *',
    },
    onJob: (name, outcome, seconds) => metrics.job(name, outcome, seconds),
  })
  disposers.add('jobs', () => jobs.close())
  metrics.observe('jobs_waiting', jobs.waiting)
  // What fell due while nothing ran.
  const late = (what: string) => (error: unknown) => logger.warn({ err: error }, `${what} could not be looked for`)
  watchSilence().catch(late('silent accounts'))
  findDeliveries(store).catch(late('webhook deliveries'))
}

function createMailer({ mail, dataDir }: Config, logger: Logger): Mailer {
  return mail.smtpUrl
    ? createSmtpMailer({ url: mail.smtpUrl, from: mail.from })
    : createFileMailer({ folder: join(dataDir, 'mail'), from: mail.from, logger })
}

/** GraphiQL of a try-out has the administrator's token filled in, for browsers on this machine. */
async function firstToken(signer: TokenSigner): Promise<Record<string, string>> {
  const { id, role } = FIRST_USERS.admin
  return { Authorization: `Bearer ${await signer.sign({ sub: id, role, ttlSeconds: 7 * 24 * 3600 })}` }
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

async function handleOf({ prisma }: Store, id: string): Promise<string | undefined> {
  return (await prisma.account.findUnique({ where: { id }, select: { screenName: true } }))?.screenName
}

const isAdministrator = (user: { role: string; active: boolean } | null): boolean =>
  user?.active === true && user.role === 'ADMIN'

async function findUser({ prisma }: Store, id: string) {
  // A token's subject is whatever its issuer wrote; only a UUID can be one of ours.
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return null
  return prisma.user.findUnique({ where: { id }, select: { id: true, role: true, active: true } })
}
