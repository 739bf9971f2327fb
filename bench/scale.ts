import { GraphQLClient } from 'graphql-request'
import pg from 'pg'
import { pino } from 'pino'
import { applyItems } from '../src/ingest/apply.ts'
import { SIMULATED_BRAND } from '../src/simulated-x.ts'
import { openStore } from '../src/store/open.ts'
import { createAccount } from '../test/helpers/posts.ts'
import { agentToken } from '../test/helpers/processes.ts'
import { mixedPosts } from './corpus.ts'
import { type Deployment, latencies, residentMemory, startDeployment } from './deployment.ts'
import { fill } from './fill.ts'
import { interleaved, perSecond, quantile, sleep, table } from './stats.ts'

/*
 * What grows with the table: databases of three sizes, filled alike (fill.ts), measured in turns.
 */

const SIZES = [1_000, 100_000, 1_000_000]
const BATCH = 1_000
const BATCHES = 15
const ROUNDS = 3
/** A round. */
const POSTS = 75
const QUERIES = 10
/** Until memory is read: what the work before has left behind is gone by then. */
const REST_MS = 5_000

export interface ScaleOptions {
  /** Makes a migrated database and gives its URL. */
  readonly database: (name: string) => Promise<string>
  readonly progress: (text: string) => void
}

/** Throughput, latency, the tickets query and resident memory at 1,000, 100,000 and 1,000,000 tickets. */
export async function benchScale({ database, progress }: ScaleOptions): Promise<string> {
  const urls = new Map<number, string>()
  for (const size of SIZES) {
    const url = await database(`scale_${size}`)
    const started = performance.now()
    await prepare(url, size)
    urls.set(size, url)
    progress(`scale: ${size} tickets made in ${((performance.now() - started) / 1000).toFixed(0)} s`)
  }
  // Latency first: throughput adds as many posts to each as it measures, which a small table is no longer after that.
  const live = await inUse(urls, progress)
  const rates = await throughput(urls, progress)
  const rows = [...live].map(([size, { found, memory }]) => [
    size,
    (rates.get(size) ?? Number.NaN).toFixed(0),
    quantile(found, 0.5).toFixed(0),
    quantile(found, 0.99).toFixed(0),
    memory.toFixed(0),
  ])
  const queries = [...live].map(([size, { times }]) => [size, ...times.map((of) => quantile(of, 0.5).toFixed(1))])
  return `${table(['tickets in the table', 'posts/s', 'latency p50 ms', 'p99 ms', 'resident memory, MB'], rows)}

${table(['tickets in the table', ...Object.keys(DOCUMENTS).map((name) => `${name}, p50 ms`)], queries)}`
}

interface InUse {
  readonly deployment: Deployment
  readonly found: number[]
  /** By document. */
  readonly times: number[][]
  memory: number
}

/** A program on each database, all at once, used in turns. By size. */
async function inUse(urls: ReadonlyMap<number, string>, progress: (text: string) => void): Promise<Map<string, InUse>> {
  const all = new Map<string, InUse>()
  for (const [size, databaseUrl] of urls) {
    const deployment = await startDeployment({ databaseUrl })
    all.set(named(size), { deployment, found: [], times: Object.keys(DOCUMENTS).map(() => []), memory: 0 })
  }
  for (let round = 1; round <= ROUNDS; round++) {
    for (const [size, { deployment, found, times }] of all) {
      progress(`scale: latency and queries at ${size} tickets, round ${round}/${ROUNDS}`)
      found.push(...(await latencies(deployment, POSTS)))
      await timeQueries(deployment, times)
    }
  }
  await sleep(REST_MS)
  for (const each of all.values()) each.memory = residentMemory(each.deployment)
  for (const { deployment } of all.values()) await deployment.stop()
  return all
}

const named = (size: number) => size.toLocaleString('en')

async function prepare(databaseUrl: string, size: number): Promise<void> {
  const store = await openIt(databaseUrl)
  // The brand of the simulator, whose conversations polling then minds.
  const accountId = await createAccount(store, { xUserId: SIMULATED_BRAND.id })
  await store.close()
  const client = new pg.Client(databaseUrl)
  await client.connect()
  await fill(client, accountId, size)
  await client.end()
}

const openIt = (databaseUrl: string) =>
  openStore({ databaseUrl, bus: { ring: async () => {} }, logger: pino({ level: 'silent' }), poolSize: 2 })

/** Posts per second by size, of a mixed corpus. */
async function throughput(urls: ReadonlyMap<number, string>, progress: (text: string) => void) {
  const stores = await Promise.all([...urls].map(async ([size, url]) => [named(size), await openIt(url)] as const))
  const contenders = stores.map(([name, store]) => {
    const make = mixedPosts()
    const run = () => {
      const batches = Array.from({ length: BATCHES }, () => make(BATCH))
      return perSecond(batches, BATCH, (posts) => applyItems(store, posts))
    }
    return [name, run] as const
  })
  const rates = await interleaved(ROUNDS, Object.fromEntries(contenders), (name, round, value) =>
    progress(`scale: ${name} tickets, round ${round}/${ROUNDS}: ${Math.round(value)} posts/s`),
  )
  await Promise.all(stores.map(([, store]) => store.close()))
  return rates
}

const NODES = '{ nodes { id number subject status requester { name } } }'
const DOCUMENTS = {
  'newest 50': `{ tickets(first: 50) ${NODES} }`,
  'open ones': `{ tickets(first: 50, filter: { statuses: [NEW, OPEN] }) ${NODES} }`,
  'by last change': `{ tickets(first: 50, orderBy: { field: UPDATED_AT, direction: DESC }) ${NODES} }`,
  'a rare word': `{ tickets(first: 50, filter: { text: "w4a37" }) ${NODES} }`,
  'how many are open': '{ tickets(first: 1, filter: { statuses: [NEW, OPEN] }) { totalCount } }',
}

/** Over HTTP, one after the other. Adds to `times`, which are in the order of DOCUMENTS. */
async function timeQueries({ url }: Deployment, times: readonly number[][]): Promise<void> {
  const client = new GraphQLClient(`${url}/graphql`, {
    headers: { authorization: `Bearer ${await agentToken()}` },
  })
  for (const [place, document] of Object.values(DOCUMENTS).entries()) {
    for (let n = 0; n < QUERIES; n++) {
      const started = performance.now()
      await client.request(document)
      times[place]?.push(performance.now() - started)
    }
  }
}
