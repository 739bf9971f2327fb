import cliProgress from 'cli-progress'
import type { Config } from '../config.ts'
import { createLogger } from '../logger.ts'
import { forgetPreviousSecret, readSecrets, replaceKeptSecret } from '../secret.ts'
import { migrate } from '../store/migrate.ts'
import { openStore } from '../store/open.ts'
import { type Resealing, reseal } from '../store/sealed-values.ts'
import { createVault } from '../store/vault.ts'
import { openDatabase } from './open-database.ts'

/**
 * `rotate-secrets`: seals everything anew with PERCH_SECRET; what PERCH_SECRET_PREVIOUS opens is taken over. Perch may
 * run meanwhile. Where the secret is kept in the data directory, a new one is made, and the old one is forgotten in the
 * end. Killed, it is run again. Gives 1 when some values could not be opened.
 */
export async function rotateSecretsCommand(config: Config): Promise<number> {
  const kept = config.secret === undefined
  const database = await openDatabase(config)
  try {
    await migrate(database.url)
    if (kept) await replaceKeptSecret(config.dataDir)
    const { current, previous } = await readSecrets(config)
    const logger = createLogger('warn', config.development)
    const store = await openStore({ databaseUrl: database.url, bus: { ring: async () => {} }, logger, poolSize: 2 })
    const show = createProgress()
    let result: Resealing
    try {
      result = await reseal(store.prisma, createVault(current, previous), show.progress)
    } finally {
      show.stop()
      await store.close()
    }
    return report(result, async () => {
      if (kept) await forgetPreviousSecret(config.dataDir)
    })
  } finally {
    await database.close()
  }
}

async function report({ done, unopened }: Resealing, onComplete: () => Promise<void>): Promise<number> {
  for (const { place, reason } of unopened) process.stderr.write(`${place}: ${reason}\n`)
  if (unopened.length > 0) {
    process.stderr.write(
      `${unopened.length} of ${done} values could not be opened. Add the secret they were sealed with to PERCH_SECRET_PREVIOUS and run this again; or authorize those accounts anew.\n`,
    )
    return 1
  }
  await onComplete()
  process.stdout.write(
    done === 0
      ? 'Everything is sealed with the current secret. PERCH_SECRET_PREVIOUS can be removed.\n'
      : `${done} values are sealed anew with the current secret. PERCH_SECRET_PREVIOUS can be removed.\n`,
  )
  return 0
}

/** A bar on a terminal, now and then a line elsewhere. */
function createProgress(): { progress: (now: Resealing) => void; stop: () => void } {
  if (!process.stdout.isTTY) {
    let said = -1
    return {
      progress({ done, total }) {
        const tenth = total === 0 ? 10 : Math.floor((10 * done) / total)
        if (tenth > said && total > 0) process.stdout.write(`${done} of ${total} values\n`)
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
    },
    cliProgress.Presets.shades_classic,
  )
  let started = false
  return {
    progress({ done, total }) {
      if (total === 0) return
      if (!started) bar.start(total, done)
      started = true
      bar.setTotal(Math.max(total, done))
      bar.update(done)
    },
    stop: () => bar.stop(),
  }
}
