import pg from 'pg'
import { pino } from 'pino'
import { createActivity } from '../src/ingest/activity.ts'
import { applyItems } from '../src/ingest/apply.ts'
import { createInbox } from '../src/ingest/inbox.ts'
import type { ReceivedPost } from '../src/ingest/item.ts'
import { SIMULATED_BRAND } from '../src/simulated-x.ts'
import { openStore } from '../src/store/open.ts'
import type { Store } from '../src/store/store.ts'
import { createMeter } from '../src/x-calls/meter.ts'
import { createAccount } from '../test/helpers/posts.ts'
import { bareBatches, prepareBare, sendBare } from './bare.ts'
import { mixedPosts, newPosts } from './corpus.ts'
import { linesOf } from './lines.ts'
import { createOne } from './one-by-one.ts'
import { interleaved, perSecond, table } from './stats.ts'

/*
 * Sustained ingestion of one worker, against the bare limit (bare.ts) and against one nested create a post
 * (one-by-one.ts): in one database, in turns, posts that nobody has seen before. Once from the items of a batch to their
 * commit, and once as the stream brings them: from a line of JSON, through inbox and meter.
 */

const BATCH = 1_000
const BATCHES = 10
const ROUNDS = 3
/** Posts a round for the slow one. */
const SINGLE = 200

/** Posts per second of the three, for posts that all open tickets and for a mixed corpus. */
export async function benchIngestion(databaseUrl: string, progress: (text: string) => void): Promise<string> {
  const store = await openStore({
    databaseUrl,
    bus: { ring: async () => {} },
    logger: pino({ level: 'silent' }),
    poolSize: 2,
  })
  const client = new pg.Client(databaseUrl)
  await client.connect()
  await prepareBare(client)
  const accountId = await createAccount(store, { xUserId: SIMULATED_BRAND.id })
  const toBare = bareBatches(accountId)

  const ours = (make: (count: number) => ReceivedPost[]) => () => {
    const batches = Array.from({ length: BATCHES }, () => make(BATCH))
    return perSecond(batches, BATCH, (posts) => applyItems(store, posts))
  }
  const bare = (make: (count: number) => ReceivedPost[]) => () => {
    const batches = Array.from({ length: BATCHES }, () => toBare(make(BATCH)))
    return perSecond(batches, BATCH, (batch) => sendBare(client, batch))
  }
  const stream = asStream(store)
  const lines = (make: (count: number) => ReceivedPost[]) => async () => {
    const told = Array.from({ length: BATCHES }, () => linesOf(make(BATCH))).flat()
    return perSecond([told], told.length, stream.hear)
  }
  const result = await interleaved(
    ROUNDS,
    {
      lines: lines(newPosts),
      'lines, mixed': lines(mixedPosts()),
      ours: ours(newPosts),
      bare: bare(newPosts),
      single: () => perSecond(newPosts(SINGLE), 1, (post) => createOne(store, accountId, post)),
      'ours, mixed': ours(mixedPosts()),
      'bare, mixed': bare(mixedPosts()),
    },
    (name, round, value) => progress(`ingestion: ${name}, round ${round}/${ROUNDS}: ${Math.round(value)} posts/s`),
  )
  await stream.close()
  await client.end()
  await store.close()

  const rate = (name: string) => result.get(name) ?? Number.NaN
  const row = (label: string, name: string, limit: string) => [
    label,
    `${Math.round(rate(name))}`,
    `${Math.round(rate(limit))}`,
    (rate(name) / rate(limit)).toFixed(2),
  ]
  return `${table(
    [`batches of ${BATCH}`, 'posts/s', 'bare COPY and upsert, posts/s', 'ratio'],
    [
      row('every post opens a ticket', 'ours', 'bare'),
      row('every second one is a reply', 'ours, mixed', 'bare, mixed'),
      row('every post opens a ticket; from the stream’s lines, metered', 'lines', 'bare'),
      row('every second one is a reply; from the stream’s lines, metered', 'lines, mixed', 'bare, mixed'),
    ],
  )}\n\n${table(
    ['against', 'posts/s', 'ratio'],
    [['one nested create a post', `${Math.round(rate('single'))}`, (rate('ours') / rate('single')).toFixed(1)]],
  )}`
}

/** What stands between a line of the stream and its commit. */
function asStream(store: Store) {
  const logger = pino({ level: 'silent' })
  const inbox = createInbox({ store, logger })
  const meter = createMeter({ store, logger, onSpent: async () => {} })
  const activity = createActivity({ inbox, meter, logger, onRevoked: async () => {} })
  return {
    /** Resolves when all of it is committed, what X charges included. */
    async hear(lines: readonly string[]): Promise<void> {
      const committed: Promise<void>[] = []
      for (const line of lines) {
        await inbox.room()
        committed.push(activity.deliver('activity', line))
      }
      await Promise.all(committed)
      await meter.flush()
    },
    async close(): Promise<void> {
      await inbox.close()
      await meter.close()
    },
  }
}
