import { type App, startApp } from '../app.ts'
import type { Config } from '../config.ts'
import { createLogger } from '../logger.ts'
import { FIRST_USERS } from '../store/bootstrap.ts'
import { StartupError } from '../store/startup-error.ts'
import { announceTickets } from './announce-tickets.ts'
import { banner } from './banner.ts'
import { connectSimulatedBrand } from './connect-simulated-brand.ts'

/** Everything must be closed within 5 s of the signal; what is not by then is left to the operating system. */
const CLOSING_MS = 4_500
const DAY = 24 * 3600

/** `start`: runs until SIGINT, SIGTERM or SIGHUP. Gives the exit code. */
export async function startCommand(config: Config): Promise<number> {
  const logger = createLogger(config.logLevel, config.development)
  const stopped = stopSignal()
  const app = await startApp(config, logger)
  const stop = new AbortController()
  try {
    const { embedded } = app
    if (embedded.x) await connectSimulatedBrand(app, embedded.x)
    if (config.development && config.role !== 'worker') {
      process.stdout.write(banner(app, await tokens(app)))
      void announceTickets(app, (line) => process.stdout.write(`${line}\n`), stop.signal)
    } else {
      logger.info({ url: app.url, role: config.role }, 'Perch is running')
    }
    const broken = await Promise.race([stopped, app.broken])
    if (broken !== undefined) throw new StartupError(broken)
  } finally {
    stop.abort()
    await closeWithin(app, CLOSING_MS)
  }
  return 0
}

async function tokens({ signer }: App): Promise<{ admin: string; agent: string }> {
  const sign = ({ id, role }: { id: string; role: 'ADMIN' | 'AGENT' }) =>
    signer.sign({ sub: id, role, ttlSeconds: 7 * DAY })
  return { admin: await sign(FIRST_USERS.admin), agent: await sign(FIRST_USERS.agent) }
}

/** Resolves at the first signal to stop. Later ones change nothing: npm passes on the Ctrl-C that the terminal sent us too. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve())
  })
}

async function closeWithin(app: App, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([app.close(), patience])
  clearTimeout(timer)
}
