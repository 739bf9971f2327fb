import { createServer } from 'node:http'
import { createReady, live } from './health.ts'
import { listen } from './listen.ts'
import { createRouter } from './router.ts'
import type { RunningServer, ServerOptions } from './server.ts'

/** The door of a worker process: health and metrics, nothing to query. Throws StartupError when the address cannot be had. */
export async function startStatusServer(
  options: Pick<ServerOptions, 'host' | 'port' | 'metrics' | 'readiness' | 'logger'>,
): Promise<RunningServer> {
  const { metrics, logger } = options
  let stopping = false
  const router = createRouter(
    {
      '/health/live': live,
      '/health/ready': createReady(options.readiness, () => stopping),
      '/metrics': async (_request, response) => {
        response.writeHead(200, { 'content-type': metrics.contentType }).end(await metrics.text())
      },
    },
    metrics,
    logger,
  )
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, (request, response) => {
    void router(request, response)
  })
  const listening = await listen(server, options)
  return {
    ...listening,
    close() {
      stopping = true
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      return closed
    },
  }
}
