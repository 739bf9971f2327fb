import { join } from 'node:path'
import type { Logger } from 'pino'
import { watchInactivity } from '../accounts/inactivity.ts'
import { createNoticeTask, NOTICE_JOB } from '../accounts/notices.ts'
import { createRemovedApps } from '../accounts/removed-apps.ts'
import { createRevocationTask, heardOfRevocation, REVOCATION_JOB } from '../accounts/revocation-job.ts'
import { revokeGrants } from '../accounts/revocations.ts'
import { BULK_UPDATE } from '../bulk/jobs.ts'
import { createBulkUpdateTask, resumeBulkUpdates } from '../bulk/task.ts'
import type { Config } from '../config.ts'
import type { Disposers } from '../disposers.ts'
import { HANDLES } from '../domain/account.ts'
import { DELIVER } from '../domain/delivery-job.ts'
import { startIngest } from '../ingest/ingest.ts'
import { DRAIN, findDeliveries } from '../ingest/webhook-drain.ts'
import { chatPages } from '../ingest/xchat-pages.ts'
import { startXChatReader } from '../ingest/xchat-reader.ts'
import { createFileMailer } from '../mail/file-mailer.ts'
import type { Mailer } from '../mail/mailer.ts'
import type { ReplyAddresses } from '../mail/reply-address.ts'
import { createSmtpMailer } from '../mail/smtp-mailer.ts'
import { createCourier } from '../outbound/courier.ts'
import { createDeliverTask, resumeDeliveries } from '../outbound/deliver-task.ts'
import type { Feed } from '../pubsub/feed.ts'
import type { EmailToken } from '../requesters/confirm-tokens.ts'
import { CONFIRMATION_JOB, createConfirmationTask } from '../requesters/confirmation-mail.ts'
import type { Metrics } from '../server/metrics.ts'
import { connectForLeases } from '../store/connect.ts'
import { keepHouse } from '../store/housekeeping.ts'
import { startJobRunner } from '../store/job-runner.ts'
import { createLeases } from '../store/leases.ts'
import type { Store } from '../store/store.ts'
import type { Vault } from '../store/vault.ts'
import { closeSolved } from '../tickets/close-solved.ts'
import { eraseDeleted } from '../tickets/erase-deleted.ts'
import type { AnswerParts } from './answers.ts'
import type { XParts } from './x.ts'

/* What a worker process does beside the door: reads X, and runs the jobs. */

interface Parts extends XParts {
  readonly databaseUrl: string
  readonly store: Store
  readonly feed: Feed
  readonly vault: Vault
  readonly metrics: Metrics
  readonly logger: Logger
  readonly config: Config
  readonly addresses: ReplyAddresses
  readonly answers: AnswerParts
  /** Paces that only tests change. */
  readonly pace: { readonly pollMs?: number; readonly xchatMs?: number; readonly leaseMs?: number }
  /** Where X's webhook calls reach us. */
  readonly webhookUrl: () => string
  /** Where authorizing an account anew begins, in an administrator's name. */
  readonly link: (userId: string, accountId: string) => Promise<string>
  /** Where a requester confirms an e-mail address. */
  readonly confirmLink: (token: EmailToken) => Promise<string>
}

/**
 * Jobs at once. Answers of every account, and e-mails, may each wait for somebody else's server, which takes its time;
 * webhooks, bulk updates and the rest go on beside them.
 */
const CONCURRENCY = HANDLES.SUITE + 1 + 4

/** As long after its last answer, a process has nobody to step aside for. */
const QUIET_MS = 1_000

/** Starts what reads X, and the jobs. */
export async function startWorker(parts: Parts, disposers: Disposers): Promise<void> {
  const { databaseUrl, store, feed, vault, tokens, calls, meter, x, xchat, metrics, logger, config, pace } = parts
  const { link, confirmLink, webhookUrl } = parts
  const mailer = createMailer(config, logger)
  const stopping = new AbortController()
  disposers.add('mail', () => mailer.close())
  const leaseClient = connectForLeases({ databaseUrl, logger })
  disposers.add('leases', () => leaseClient.$disconnect())
  const leases = createLeases(leaseClient, logger, pace.leaseMs)
  const reader = startXChatReader({
    store,
    x,
    xchat,
    calls,
    vault,
    leases,
    feed,
    logger,
    ...(pace.xchatMs !== undefined && { everyMs: pace.xchatMs }),
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
    ...(pace.pollMs !== undefined && { pollMs: pace.pollMs }),
    activity: config.x.activity,
    webhookUrl,
    onRevoked: (xUserId, at) => heardOfRevocation(store, xUserId, at),
    onChat: (news) => reader.hear(news),
    onIngested: (source, seconds) => metrics.ingested(source, seconds),
  })
  disposers.add('ingest', () => ingest.close())
  metrics.observe('ingestion_lag_seconds', () => ingest.lag())
  const courier = createCourier({
    store,
    mailer,
    addresses: parts.addresses,
    x,
    xchat,
    vault,
    calls,
    logger,
    // An answer that was cut off is looked for whatever the budget says.
    pagesOf: (accountId) => chatPages({ x, calls: { use: calls.use } }, accountId, stopping.signal),
  })
  disposers.add('courier', () => courier.close())
  const watchSilence = () => watchInactivity({ store, vault, logger })
  const jobs = await startJobRunner({
    databaseUrl,
    logger,
    concurrency: CONCURRENCY,
    tasks: {
      keep_house: (_payload, signal) => keepHouse(store.prisma, { events: config.eventRetentionDays }, signal),
      watch_inactivity: watchSilence,
      close_solved: async (_payload, signal) => void (await closeSolved(store, signal)),
      erase_deleted: async (_payload, signal) => void (await eraseDeleted(store, signal)),
      revoke_grants: () => revokeGrants({ store, vault, x, logger }),
      [DRAIN.name]: (_payload, signal) => ingest.drain(signal),
      find_deliveries: () => findDeliveries(store),
      [REVOCATION_JOB]: createRevocationTask(createRemovedApps({ store, vault, x, tokens, calls, logger })),
      [NOTICE_JOB]: createNoticeTask({ store, mailer, logger, link }),
      [CONFIRMATION_JOB]: createConfirmationTask({ store, mailer, logger, link: confirmLink }),
      [DELIVER]: createDeliverTask({ store, courier, logger }),
      resume_deliveries: () => resumeDeliveries(store),
      [BULK_UPDATE]: createBulkUpdateTask({
        store,
        replies: parts.answers.bulkReplies,
        logger,
        isQuiet: () => metrics.idleMs() > QUIET_MS,
      }),
      resume_bulk_updates: () => resumeBulkUpdates(store),
    },
    schedule: {
      keep_house: '17 3 * * *',
      watch_inactivity: '7 * * * *',
      close_solved: '*/10 * * * *',
      erase_deleted: '27 * * * *',
      revoke_grants: '37 * * * *',
      find_deliveries: '* * * * *',
      resume_deliveries: '* * * * *',
      resume_bulk_updates: '* * * * *',
    },
    onJob: (name, outcome, seconds) => metrics.job(name, outcome, seconds),
  })
  disposers.add('jobs', () => jobs.close())
  disposers.add('sending', () => stopping.abort())
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
