import { randomUUID } from 'node:crypto'
import { GraphQLClient } from 'graphql-request'
import { createClient } from 'graphql-ws'
import pg from 'pg'
import { pino } from 'pino'
import WebSocket from 'ws'
import { SIMULATED_BRAND } from '../src/simulated-x.ts'
import { openStore } from '../src/store/open.ts'
import { createAccount } from '../test/helpers/posts.ts'
import { agentToken } from '../test/helpers/processes.ts'
import { startDeployment } from './deployment.ts'
import { fill } from './fill.ts'
import { quantile, sleep, table } from './stats.ts'

/*
 * A bulk update of 100,000 tickets through GraphQL, against one raw UPDATE … RETURNING of the same rows and one Prisma
 * update a ticket; and what ordinary queries feel of it.
 */

const TICKETS = 100_000
const ONE_BY_ONE = 2_000
const QUIET_MS = 10_000
const QUERY = '{ tickets(first: 20) { nodes { id number subject status assignee { name } } } }'

/** Tickets a second of each way, the time to the first progress, and the latency of queries without and with the job. */
export async function benchBulk(databaseUrl: string, progress: (text: string) => void): Promise<string> {
  const logger = pino({ level: 'silent' })
  const store = await openStore({ databaseUrl, logger, bus: { ring: async () => {} } })
  const accountId = await createAccount(store, { xUserId: SIMULATED_BRAND.id })
  const client = new pg.Client(databaseUrl)
  await client.connect()
  await fill(client, accountId, TICKETS)
  await client.query(`UPDATE ticket SET status = 'OPEN', solved_at = NULL`)
  await client.query('VACUUM ANALYZE')
  progress('bulk: tickets made')

  const raw = await rate(TICKETS, () =>
    client.query(`UPDATE ticket SET status = 'PENDING', updated_at = now() WHERE status = 'OPEN' RETURNING id`),
  )
  progress(`bulk: raw UPDATE: ${raw.toFixed(0)}/s`)
  await client.query('VACUUM ANALYZE')
  const some = await store.prisma.ticket.findMany({ take: ONE_BY_ONE, select: { id: true } })
  const single = await rate(ONE_BY_ONE, async () => {
    for (const { id } of some)
      await store.prisma.ticket.update({ where: { id }, data: { status: 'PENDING', updatedAt: new Date() } })
  })
  progress(`bulk: one Prisma update a ticket: ${single.toFixed(0)}/s`)
  await client.query('VACUUM ANALYZE')
  await client.end()
  await store.close()

  const deployment = await startDeployment({ databaseUrl })
  try {
    const token = await agentToken()
    const quiet = await queries(deployment.url, token, sleep(QUIET_MS))
    const { first, seconds, during } = await bulkUpdate(deployment.url, token)
    const ours = TICKETS / seconds
    progress(`bulk: ${ours.toFixed(0)}/s`)
    const p99 = (values: readonly number[]) => quantile(values, 0.99)
    return [
      table(
        ['100,000 tickets', 'tickets/s', 'bulk update against it'],
        [
          ['one bulk update', ours.toFixed(0), ''],
          ['one raw UPDATE … RETURNING', raw.toFixed(0), (ours / raw).toFixed(2)],
          ['one Prisma update a ticket', single.toFixed(0), `${(ours / single).toFixed(1)} ×`],
        ],
      ),
      table(
        ['first progress ms', 'query p99 ms, quiet', 'query p99 ms, during', 'ratio'],
        [[first.toFixed(0), p99(quiet).toFixed(1), p99(during).toFixed(1), (p99(during) / p99(quiet)).toFixed(2)]],
      ),
    ].join('\n\n')
  } finally {
    await deployment.stop()
  }
}

async function rate(count: number, work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return count / ((performance.now() - started) / 1000)
}

/** Milliseconds of one query after the other, until `end`. */
async function queries(url: string, token: string, end: Promise<unknown>): Promise<number[]> {
  const client = new GraphQLClient(`${url}/graphql`, { headers: { authorization: `Bearer ${token}` } })
  const found: number[] = []
  let over = false
  const ended = end.finally(() => {
    over = true
  })
  while (!over) {
    const started = performance.now()
    await client.request(QUERY)
    found.push(performance.now() - started)
    await sleep(20)
  }
  await ended
  return found
}

async function bulkUpdate(url: string, token: string) {
  const client = new GraphQLClient(`${url}/graphql`, { headers: { authorization: `Bearer ${token}` } })
  const socket = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
    retryAttempts: 0,
  })
  const started = performance.now()
  const { bulkUpdateTickets } = await client.request<{ bulkUpdateTickets: { job: { id: string }; position: string } }>(
    `mutation($key: String!) { bulkUpdateTickets(input: { filter: {}, patch: { status: SOLVED, addTags: ["resolved"] },
       idempotencyKey: $key }) { job { id } position } }`,
    { key: randomUUID() },
  )
  const events = socket.iterate<{ bulkUpdateProgress: { status: string; done: number } }>({
    query: 'subscription($id: ID!, $after: Position) { bulkUpdateProgress(jobId: $id, after: $after) { status done } }',
    variables: { id: bulkUpdateTickets.job.id, after: bulkUpdateTickets.position },
  })
  let first = Number.NaN
  const watching = (async () => {
    for await (const { data } of events) {
      if (Number.isNaN(first)) first = performance.now() - started
      if (data?.bulkUpdateProgress.status === 'COMPLETED') return
    }
  })()
  const during = await queries(url, token, watching)
  const seconds = (performance.now() - started) / 1000
  await socket.dispose()
  return { first, seconds, during }
}
