import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import type { Disposers } from '../disposers.ts'
import { lockDataDir } from '../store/data-dir.ts'
import { startEmbeddedPostgres } from '../store/embedded-postgres.ts'
import { migrate } from '../store/migrate.ts'

export interface Database {
  readonly url: string
  /** Where an embedded one lives. */
  readonly folder: string | undefined
  readonly broken: Promise<string>
}

/** The database of the settings, or an embedded one; migrated. */
export async function openDatabase(config: Config, logger: Logger, disposers: Disposers): Promise<Database> {
  const database =
    config.databaseUrl === undefined
      ? await openEmbedded(config.dataDir, disposers)
      : // A database server that goes away comes back; everything here waits for it.
        { url: config.databaseUrl, folder: undefined, broken: new Promise<string>(() => {}) }
  const { applied } = await migrate(database.url)
  if (applied.length > 0) logger.debug({ applied }, 'migrations applied')
  return database
}

async function openEmbedded(dataDir: string, disposers: Disposers): Promise<Database> {
  const release = await lockDataDir(dataDir)
  disposers.add('data directory', release)
  const postgres = await startEmbeddedPostgres({ dataDir })
  disposers.add('PostgreSQL', () => postgres.stop())
  const broken = postgres.exited.then(
    () => `The embedded PostgreSQL has ended; ${postgres.directory}/server.log tells why. Start Perch again.`,
  )
  return { url: postgres.url, folder: postgres.directory, broken }
}
