import { type DeploymentOptions, latencies, startDeployment } from './deployment.ts'
import { quantile, table } from './stats.ts'

/*
 * From the moment a customer posts on X (the simulator, in this process) to the moment a console's
 * socket (also here) has the ticket in hand; through the Activity stream, through webhooks, and by polling alone.
 */

const POSTS = 500

export interface LatencySetup extends DeploymentOptions {
  readonly name: string
}

/** p50, p99 and the worst of 500 posts for each set-up, in milliseconds. */
export async function benchLatency(setups: readonly LatencySetup[], progress: (text: string) => void): Promise<string> {
  const rows: string[][] = []
  for (const setup of setups) {
    const deployment = await startDeployment(setup)
    const values = await latencies(deployment, POSTS, (n) => {
      if (n % 100 === 0) progress(`latency, ${setup.name}: ${n}/${POSTS} posts`)
    })
    await deployment.stop()
    const ms = (q: number) => quantile(values, q).toFixed(0)
    rows.push([setup.name, String(values.length), ms(0.5), ms(0.99), ms(1)])
  }
  return table(['post → subscriber', 'posts', 'p50 ms', 'p99 ms', 'worst ms'], rows)
}
