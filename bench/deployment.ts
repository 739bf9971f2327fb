import { spawnSync } from 'node:child_process'
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'
import { createSimulator, type Simulator } from '../simulator/index.ts'
import { SIMULATED_APP } from '../src/simulated-x.ts'
import { connectBrand } from '../test/helpers/perch.ts'
import { agentToken, type PerchProcess, spawnPerch } from '../test/helpers/processes.ts'
import { freePort } from '../test/helpers/redis-server.ts'
import { sleep } from './stats.ts'

/*
 * The compiled program in processes of its own, on a database that is there, with the simulator (in this process) for its
 * X: as one process, or as two over a real Redis.
 */

export interface DeploymentOptions {
  readonly databaseUrl: string
  /** Present: api and worker are two processes joined by it. */
  readonly redisUrl?: string | undefined
  /** How it hears of posts: the Activity stream unless said otherwise. Polling goes on beside both, as ever. */
  readonly source?: Source
}

export type Source = 'stream' | 'webhook' | 'polling'

export interface Deployment {
  readonly simulator: Simulator
  /** By role: `all`, or `api` and `worker`. The first one serves clients. */
  readonly processes: Readonly<Record<string, PerchProcess>>
  /** Of the one that serves clients. */
  readonly url: string
  stop(): Promise<void>
}

/** Resolves when the program hears of posts. */
export async function startDeployment(options: DeploymentOptions): Promise<Deployment> {
  const { databaseUrl, redisUrl, source = 'stream' } = options
  let polled = false
  const simulator = await createSimulator({
    onExchange: ({ path }) => {
      if (path.endsWith('/mentions')) polled = true
    },
  })
  await connectBrand(databaseUrl, simulator)
  const start = (port: number, role?: 'api' | 'worker') => {
    const env = {
      X_ACTIVITY: source === 'polling' ? 'off' : source,
      X_CONSUMER_SECRET: SIMULATED_APP.consumerSecret,
      PERCH_URL: `http://127.0.0.1:${port}`,
    }
    const shared = { databaseUrl, simulatorUrl: simulator.url, env, port }
    return spawnPerch({ ...shared, ...(redisUrl && { redisUrl }), ...(role && { role }) })
  }
  const processes: Record<string, PerchProcess> = redisUrl
    ? {
        api: await onFreePort((port) => start(port, 'api')),
        worker: await onFreePort((port) => start(port, 'worker')),
      }
    : { all: await onFreePort(start) }
  while (source === 'polling' ? !polled : !isSubscribed(source, simulator)) await sleep(50)
  return {
    simulator,
    processes,
    url: Object.values(processes)[0]?.url ?? '',
    async stop() {
      await Promise.all(Object.values(processes).map((process) => process.stop()))
      await simulator.close()
    },
  }
}

/** Somebody else may take a free port before we do. */
async function onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await start(await freePort())
    } catch (error) {
      if (tries === 3) throw error
    }
  }
}

function isSubscribed(source: Source, { state }: Simulator): boolean {
  const subscribed = state.subscriptions.some(({ eventType }) => eventType === 'post.mention.create')
  return subscribed && (source === 'stream' ? state.streams > 0 : state.webhooks.some(({ valid }) => valid))
}

/** Milliseconds from the call that makes a post to the arrival of `ticketCreated`, for `posts` posts at 25 a second. */
export async function latencies(
  { simulator, url }: Pick<Deployment, 'simulator' | 'url'>,
  posts: number,
  onPost: (n: number) => void = () => {},
): Promise<number[]> {
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${await agentToken()}` },
    retryAttempts: 0,
  })
  const postedAt = new Map<string, number>()
  const found: number[] = []
  const events = client.iterate<{ ticketCreated: { ticket: { subject: string } } }>({
    query: 'subscription { ticketCreated { position ticket { number subject } } }',
  })
  const done = (async () => {
    for await (const { data } of events) {
      const posted = postedAt.get(data?.ticketCreated.ticket.subject ?? '')
      if (posted !== undefined) found.push(performance.now() - posted)
      if (found.length === posts) return
    }
  })()
  const from = `bench_${++customers}`
  simulator.createUser({ username: from })
  await sleep(1_000) // the subscription is under way, the stream warm

  for (let n = 1; n <= posts; n++) {
    const subject = `latency ${n}`
    postedAt.set(subject, performance.now())
    simulator.createPost({ from, text: `@acme ${subject}` })
    onPost(n)
    await sleep(1000 / PER_SECOND)
  }
  await done
  await client.dispose()
  return found
}

const PER_SECOND = 25
let customers = 0

/** Resident memory of its processes together, in MB. */
export function residentMemory({ processes }: Deployment): number {
  const pids = Object.values(processes).map(({ child }) => child.pid)
  const { stdout } = spawnSync('ps', ['-o', 'rss=', '-p', pids.join(',')], { encoding: 'utf8' })
  return stdout.split('\n').reduce((sum, kilobytes) => sum + Number(kilobytes), 0) / 1024
}
