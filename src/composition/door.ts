import type { RunningServer } from '../server/server.ts'
import { startStatusServer } from '../server/status-server.ts'
import type { ApiParts } from './api.ts'

/** Opens the program's door: everything, or, of a worker, how it is. Throws StartupError when the port is taken. */
export async function openDoor(parts: ApiParts): Promise<RunningServer> {
  const { config, store, bus, feed, metrics, logger } = parts
  const readiness = async () => ({ database: await store.ping(), feed: feed.healthy(), bus: bus.healthy() })
  const common = { host: config.host, port: config.port, metrics, readiness, logger }
  if (config.role === 'worker') return startStatusServer(common)
  // Loaded only where it is needed: it is half of the program's start, and a worker has no use for it.
  const { openApi } = await import('./api.ts')
  return openApi(parts, common)
}
