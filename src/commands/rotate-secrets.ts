import cliProgress from 'cli-progress'
import type { Config } from '../config.ts'
import { createLogger } from '../logger.ts'
import { forgetPreviousSecret, readSecrets, replaceKeptSecret } from '../secret.ts'
import { migrate } from '../store/migrate.ts'
import { openStore } from '../store/open.ts'
import { type Resealing, reseal } from '../store/sealed-values.ts'
import { StartupError } from '../store/startup-error.ts'
import { createVault } from '../store/vault.ts'
import { openDatabase } from './open-database.ts'

/**
 * `rotate-secrets`: seals everything anew with PERCH_SECRET; what PERCH_SECRET_PREVIOUS opens is taken over. Perch may
 * run meanwhile. Where the secret is kept in the data directory, a new one is made, and the old one is forgotten in the
 * end. Stopped or killed, it is run again. Gives 1 when some values could not be sealed anew, 130 when it was stopped.
 */
export async function rotateSecretsCommand(config: Config): Promise<number> {
  const stopping = new AbortController()
  // Later signals change nothing: npm passes on the Ctrl-C that the terminal sent us too.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort(STOPPED))
  try {
    return await rotate(config, stopping.signal)
  } catch (error) {
    if (error !== STOPPED) throw error
    process.stderr.write('Stopped. What was sealed anew stays so; run this again for the rest.\n')
    return 130
  }
}

const STOPPED = new Error('stopped by a signal')

async function rotate(config: Config, signal: AbortSignal): Promise<number> {
  const kept = config.secret === undefined
  const database = await openDatabase(config)
  try {
    await migrate(database.url)
    signal.throwIfAborted()
    if (kept) await replaceKeptSecret(config.dataDir)
    const { current, previous } = await readSecrets(config)
    const logger = createLogger('warn', config.development)
    const store = await openStore({ databaseUrl: database.url, bus: { ring: async () => {} }, logger, poolSize: 2 })
    const show = createProgress()
    let result: Resealing
    try {
      result = await reseal(store.prisma, createVault(current, previous), { onProgress: show.progress, signal })
    } catch (error) {
      throw error === STOPPED ? error : interrupted(error)
    } finally {
      show.stop()
      await store.close()
    }
    const complete = report(result)
    if (complete && kept) await forgetPreviousSecret(config.dataDir)
    if (complete) process.stdout.write(`${kept ? FORGOTTEN : REMOVABLE}\n`)
    return complete ? 0 : 1
  } finally {
    await database.close()
  }
}

/** The database went away, most likely: Prisma's last line says why. */
function interrupted(cause: unknown): StartupError {
  const why = cause instanceof Error ? cause.message.trim().split('\n').at(-1) : String(cause)
  return new StartupError(`Not everything is sealed anew (${why}). Run this again for the rest.`, { cause })
}

const REMOVABLE = 'PERCH_SECRET_PREVIOUS can be removed once every process seals with the current one.'
const FORGOTTEN = 'The one before is forgotten; tokens that it signed are no longer good.'

/** Says what came of it, and whether nothing needs an older secret any more. */
function report({ done, unopened, unsettled }: Resealing): boolean {
  for (const { reason } of unopened) process.stderr.write(`${reason}\n`)
  if (unopened.length > 0) {
    process.stderr.write(
      `${unopened.length} values could not be opened, ${done} are sealed anew. Add the secret they were sealed with to PERCH_SECRET_PREVIOUS and run this again; or authorize those accounts anew.\n`,
    )
  }
  if (unsettled) {
    process.stderr.write(
      'Some process still seals with another secret. Give all of them the same PERCH_SECRET, restart them, and run this again.\n',
    )
  }
  if (unopened.length > 0 || unsettled) return false
  process.stdout.write(
    done === 0
      ? 'Everything is sealed with the current secret.\n'
      : `${done} values are sealed anew with the current secret.\n`,
  )
  return true
}

/** A bar on a terminal, now and then a line elsewhere. */
function createProgress(): { progress: (now: Resealing) => void; stop: () => void } {
  if (!process.stdout.isTTY) {
    let said = -1
    return {
      progress({ done, total, unopened }) {
        const looked = done + unopened.length
        const tenth = total === 0 ? 10 : Math.floor((10 * looked) / total)
        if (tenth > said && total > 0) process.stdout.write(`${looked} of ${total} values\n`)
        said = tenth
      },
      stop: () => {},
    }
  }
  const bar = new cliProgress.SingleBar(
    {
      format: 'sealing anew  {bar}  {value} of {total} values  {eta_formatted}',
      hideCursor: true,
      clearOnComplete: true,
      // Its own would swallow the first Ctrl-C and let the work go on unseen.
      gracefulExit: false,
    },
    cliProgress.Presets.shades_classic,
  )
  let started = false
  return {
    progress({ done, total, unopened }) {
      if (total === 0) return
      if (!started) bar.start(total, 0)
      started = true
      bar.setTotal(total)
      bar.update(done + unopened.length)
    },
    stop: () => bar.stop(),
  }
}
