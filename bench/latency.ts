import { createClient } from 'graphql-ws'
import WebSocket from 'ws'
import { createSimulator } from '../simulator/index.ts'
import { connectBrand } from '../test/helpers/perch.ts'
import { agentToken, type PerchProcess, spawnPerch } from '../test/helpers/processes.ts'
import { quantile, table } from './stats.ts'

/*
 * From the moment a customer posts on X (the simulator, in this process) to the moment a console's
 * socket (also here) has the ticket in hand. Perch runs as one process, or as two over a real Redis.
 */

const POSTS = 500
const PER_SECOND = 25

export interface LatencySetup {
  readonly name: string
  readonly databaseUrl: string
  /** Present: api and worker are two processes joined by it. */
  readonly redisUrl?: string
}

/** p50, p99 and the worst of 500 posts for each set-up, in milliseconds. */
export async function benchLatency(setups: readonly LatencySetup[], progress: (text: string) => void): Promise<string> {
  const rows: string[][] = []
  for (const setup of setups) {
    const values = await measure(setup, progress)
    const ms = (q: number) => quantile(values, q).toFixed(0)
    rows.push([setup.name, String(values.length), ms(0.5), ms(0.99), ms(1)])
  }
  return table(['post → subscriber', 'posts', 'p50 ms', 'p99 ms', 'worst ms'], rows)
}

async function measure({ name, databaseUrl, redisUrl }: LatencySetup, progress: (text: string) => void) {
  const simulator = await createSimulator()
  await connectBrand(databaseUrl, simulator)
  const common = { databaseUrl, simulatorUrl: simulator.url, ...(redisUrl && { redisUrl }) }
  const processes: PerchProcess[] = redisUrl
    ? await Promise.all([spawnPerch({ ...common, role: 'api' }), spawnPerch({ ...common, role: 'worker' })])
    : [await spawnPerch(common)]
  while (simulator.state.streams === 0) await sleep(50)

  const client = createClient({
    url: `${processes[0]?.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${await agentToken()}` },
    retryAttempts: 0,
  })
  const postedAt = new Map<string, number>()
  const latencies: number[] = []
  const events = client.iterate<{ ticketCreated: { ticket: { subject: string } } }>({
    query: 'subscription { ticketCreated { position ticket { number subject } } }',
  })
  const done = (async () => {
    for await (const { data } of events) {
      const posted = postedAt.get(data?.ticketCreated.ticket.subject ?? '')
      if (posted !== undefined) latencies.push(performance.now() - posted)
      if (latencies.length === POSTS) return
    }
  })()
  simulator.createUser({ username: 'bench' })
  await sleep(1_000) // the subscription is under way, the stream warm

  for (let n = 1; n <= POSTS; n++) {
    const subject = `latency ${n}`
    postedAt.set(subject, performance.now())
    simulator.createPost({ from: 'bench', text: `@acme ${subject}` })
    if (n % 100 === 0) progress(`latency, ${name}: ${n}/${POSTS} posts`)
    await sleep(1000 / PER_SECOND)
  }
  await done
  await client.dispose()
  await Promise.all(processes.map((process) => process.stop()))
  await simulator.close()
  return latencies
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
