import { randomUUID } from 'node:crypto'
import { GraphQLClient } from 'graphql-request'
import { createClient } from 'graphql-ws'
import pg from 'pg'
import { pino } from 'pino'
import WebSocket from 'ws'
import { encodeGlobalId } from '../src/schema/global-id.ts'
import { SIMULATED_BRAND } from '../src/simulated-x.ts'
import { openStore } from '../src/store/open.ts'
import { createAccount } from '../test/helpers/posts.ts'
import { agentToken } from '../test/helpers/processes.ts'
import { startDeployment } from './deployment.ts'
import { fill } from './fill.ts'
import { interleaved, median, quantile, sleep, table } from './stats.ts'
import { updateOne, updateOneAndTell } from './update-one.ts'

/*
 * A bulk update of 100,000 tickets through GraphQL, against one raw UPDATE … RETURNING of the same rows and one Prisma
 * update a ticket, with its event and without; against `updateTicket` by a script that has nothing else; and what ordinary queries feel of it.
 */

const TICKETS = 100_000
const ONE_BY_ONE = 2_000
const BY_MUTATION = 500
const ROUNDS = 3
const WARM_MS = 3_000
const QUIET_MS = 10_000
/** The columns that a bulk update writes, in one statement of one commit. */
const RAW = `UPDATE ticket SET tags = array_append(tags, $1), status = CASE status WHEN 'PENDING' THEN 'OPEN' ELSE 'PENDING' END::"TicketStatus",
  updated_at = now() RETURNING id`
const QUERY = '{ tickets(first: 20) { nodes { id number subject status assignee { name } } } }'

/** Tickets a second of each way, the time to the first progress, and the latency of queries without and with the job. */
export async function benchBulk(databaseUrl: string, progress: (text: string) => void): Promise<string> {
  const logger = pino({ level: 'silent' })
  const store = await openStore({ databaseUrl, logger, bus: { ring: async () => {} }, poolSize: 2 })
  const accountId = await createAccount(store, { xUserId: SIMULATED_BRAND.id })
  const client = new pg.Client(databaseUrl)
  await client.connect()
  await fill(client, accountId, TICKETS)
  await client.query(`UPDATE ticket SET status = 'OPEN', solved_at = NULL`)
  progress('bulk: tickets made')
  const deployment = await startDeployment({ databaseUrl })
  const firsts: number[] = []
  const quiet: number[] = []
  const during: number[] = []
  let round = 0
  try {
    const token = await agentToken()
    const { id: userId } = await store.prisma.user.findFirstOrThrow({ select: { id: true } })
    // As a script would, each in its turn, with other words: a status that is the same already would not be written.
    const rates = await interleaved(
      ROUNDS,
      {
        raw: () => rate(TICKETS, () => client.query(RAW, [`raw-${round}`])),
        single: async () => {
          const some = await store.prisma.ticket.findMany({ take: ONE_BY_ONE, select: { id: true, tags: true } })
          return rate(ONE_BY_ONE, async () => {
            for (const ticket of some) await updateOne(store.prisma, ticket, 'HOLD', `single-${round}`)
          })
        },
        told: async () => {
          const some = await store.prisma.ticket.findMany({ take: ONE_BY_ONE, select: { id: true, tags: true } })
          return rate(ONE_BY_ONE, async () => {
            for (const ticket of some)
              await store.prisma.$transaction((db) => updateOneAndTell(db, ticket, 'PENDING', `told-${round}`, userId))
          })
        },
        mutations: async () => {
          const some = await store.prisma.ticket.findMany({ take: BY_MUTATION, select: { id: true, tags: true } })
          return rate(BY_MUTATION, () => updateEach(deployment.url, token, some, `mutation-${round}`))
        },
        ours: async () => {
          await client.query('VACUUM ANALYZE')
          const job = await bulkUpdate(deployment.url, token, patchOf(round++))
          firsts.push(job.first)
          await client.query('VACUUM ANALYZE')
          return TICKETS / job.seconds
        },
      },
      (name, at, value) => progress(`bulk: round ${at}, ${name}: ${value.toFixed(0)}/s`),
    )
    const beside: number[] = []
    for (let times = 1; times <= ROUNDS; times++) {
      await queries(deployment.url, token, sleep(WARM_MS))
      quiet.push(...(await queries(deployment.url, token, sleep(QUIET_MS))))
      const working = bulkUpdate(deployment.url, token, patchOf(round++))
      during.push(...(await queries(deployment.url, token, working)))
      beside.push(TICKETS / (await working).seconds)
      progress(`bulk: beside queries: ${beside.at(-1)?.toFixed(0)}/s`)
    }
    const [raw = 0, single = 0, told = 0, mutations = 0, ours = 0] = ['raw', 'single', 'told', 'mutations', 'ours'].map(
      (name) => rates.get(name),
    )
    const p99 = (values: readonly number[]) => quantile(values, 0.99)
    return [
      table(
        ['100,000 tickets', 'tickets/s', 'bulk update against it'],
        [
          ['one bulk update', ours.toFixed(0), ''],
          ['the same, while somebody queries (steps of 125)', median(beside).toFixed(0), ''],
          ['one raw UPDATE … RETURNING', raw.toFixed(0), (ours / raw).toFixed(2)],
          ['one Prisma update a ticket, with its event', told.toFixed(0), `${(ours / told).toFixed(1)} ×`],
          ['one Prisma update a ticket, that nobody hears of', single.toFixed(0), `${(ours / single).toFixed(1)} ×`],
          ['one `updateTicket` a ticket', mutations.toFixed(0), `${(ours / mutations).toFixed(1)} ×`],
        ],
      ),
      table(
        ['first progress ms', 'query p50 / p99 ms, quiet', 'query p50 / p99 ms, during', 'p99 ratio'],
        [
          [
            median(firsts).toFixed(0),
            `${median(quiet).toFixed(1)} / ${p99(quiet).toFixed(1)}`,
            `${median(during).toFixed(1)} / ${p99(during).toFixed(1)}`,
            (p99(during) / p99(quiet)).toFixed(2),
          ],
        ],
      ),
    ].join('\n\n')
  } finally {
    await deployment.stop()
    await client.end()
    await store.close()
  }
}

/** Each time something that is not so yet. */
const patchOf = (round: number) => ({ status: round % 2 === 0 ? 'SOLVED' : 'OPEN', addTags: [`ours-${round}`] })

/** What a script does that knows no bulk updates: a mutation for each ticket. */
async function updateEach(
  url: string,
  token: string,
  tickets: readonly { readonly id: string; readonly tags: readonly string[] }[],
  tag: string,
): Promise<void> {
  const client = new GraphQLClient(`${url}/graphql`, { headers: { authorization: `Bearer ${token}` } })
  for (const { id, tags } of tickets)
    await client.request(
      'mutation($input: UpdateTicketInput!) { updateTicket(input: $input) { position userErrors { code } } }',
      { input: { ticketId: encodeGlobalId('Ticket', id), tags: [...tags, tag] } },
    )
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

async function bulkUpdate(url: string, token: string, patch: { readonly status: string; readonly addTags: string[] }) {
  const client = new GraphQLClient(`${url}/graphql`, { headers: { authorization: `Bearer ${token}` } })
  const socket = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
    retryAttempts: 0,
  })
  const started = performance.now()
  const { bulkUpdateTickets } = await client.request<{ bulkUpdateTickets: { job: { id: string }; position: string } }>(
    `mutation($input: BulkUpdateTicketsInput!) { bulkUpdateTickets(input: $input) { job { id } position } }`,
    { input: { filter: {}, patch, idempotencyKey: randomUUID() } },
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
  await watching
  const seconds = (performance.now() - started) / 1000
  await socket.dispose()
  return { first, seconds }
}
