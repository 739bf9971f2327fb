import { Logger, makeWorkerUtils } from 'graphile-worker'
import pg from 'pg'
import {
  asMigrationList,
  isChecksumOf,
  type MigrationFile,
  migrationsFolder,
  readMigrations,
} from './migration-files.ts'
import { FILTERS, withSchemaEngine } from './schema-engine.ts'
import { StartupError } from './startup-error.ts'

/*
 * Invariants. One migration is one transaction, its row in _prisma_migrations included: a process killed
 * half-way leaves nothing behind, and the next one just starts over. One process migrates at a time; the
 * lock belongs to a connection, so it cannot outlive its holder.
 */

/** What stands between this program and the database's schema. */
export type MigrationProblem =
  /** A migration could not be applied; the database is as it was before it. */
  | 'failed'
  /** Another tool (`prisma migrate deploy`) left a migration half applied. */
  | 'unfinished'
  /** An applied migration's file was changed afterwards. */
  | 'edited'
  /** The database has migrations that this program does not know. */
  | 'newer'

/** The database's schema cannot be brought to what this program needs. */
export class MigrationError extends StartupError {
  readonly problem: MigrationProblem
  /** The migration's name, for example `20261123000000_init`. */
  readonly migration: string
  constructor(problem: MigrationProblem, migration: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.problem = problem
    this.migration = migration
  }
}

export interface MigrateOptions {
  /** Where the migrations are; ours unless told otherwise. */
  readonly folder?: string
}

/** The advisory lock's two keys: "perc", 1. Any numbers do that nobody else uses. */
const LOCK = '1885696611, 1'

/**
 * Applies what is missing of prisma/migrations, then of graphile-worker's own migrations. Any number of
 * processes may do so at once. When nothing is missing it costs a few milliseconds and loads no engine.
 * Gives the names of the Prisma migrations applied by this call. Throws MigrationError when the schema
 * cannot be brought up to date, StartupError when the database cannot be reached.
 */
export async function migrate(
  databaseUrl: string,
  log: (line: string) => void = () => {},
  { folder = migrationsFolder() }: MigrateOptions = {},
): Promise<{ applied: string[] }> {
  const files = readMigrations(folder)
  const client = await connect(databaseUrl)
  try {
    const { rows } = await client.query<{ locked: boolean }>(`SELECT pg_try_advisory_lock(${LOCK}) AS locked`)
    if (!rows[0]?.locked) {
      log('Another process is migrating the database; waiting for it.')
      await client.query(`SELECT pg_advisory_lock(${LOCK})`)
    }
    const missing = await findMissing(client, files)
    if (missing.length > 0) await apply(databaseUrl, folder, files, missing, log)
    await migrateWorker(databaseUrl)
    return { applied: missing }
  } finally {
    await client.end()
  }
}

async function connect(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 })
  client.on('error', () => {}) // The statement under way reports the loss itself.
  try {
    await client.connect()
    return client
  } catch (cause) {
    const { hostname, port, pathname } = new URL(databaseUrl)
    const why = cause instanceof AggregateError ? cause.errors.map(String).join('; ') : (cause as Error).message
    throw new StartupError(`The database ${pathname.slice(1)} at ${hostname}:${port || 5432} cannot be used: ${why}.`, {
      cause,
    })
  }
}

interface AppliedRow {
  readonly name: string
  readonly checksum: string
  readonly finished: boolean
}

/** The names of the files not yet applied. Throws when file and database tell different histories. */
async function findMissing(client: pg.Client, files: readonly MigrationFile[]): Promise<string[]> {
  const { rows: found } = await client.query(
    `SELECT FROM pg_tables WHERE tablename = '_prisma_migrations' AND schemaname = current_schema()`,
  )
  if (found.length === 0) return files.map((file) => file.name)
  const { rows } = await client.query<AppliedRow>(
    `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished
     FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY migration_name`,
  )
  for (const { name, checksum, finished } of rows) {
    const file = files.find((candidate) => candidate.name === name)
    if (!finished) {
      throw new MigrationError(
        'unfinished',
        name,
        `The migration ${name} was begun by another tool and did not finish: restore the database, or settle it with "prisma migrate resolve".`,
      )
    }
    if (!file) {
      throw new MigrationError(
        'newer',
        name,
        `The database is newer than this program: it has the migration ${name}, which is not known here. Start the version that made it.`,
      )
    }
    if (!isChecksumOf(checksum, file.script)) {
      throw new MigrationError(
        'edited',
        name,
        `The file of the migration ${name} was changed after it was applied: restore the file, and put the change into a new migration.`,
      )
    }
  }
  return files.map((file) => file.name).filter((name) => !rows.some((row) => row.name === name))
}

async function apply(
  databaseUrl: string,
  folder: string,
  files: readonly MigrationFile[],
  missing: readonly string[],
  log: (line: string) => void,
): Promise<void> {
  await withSchemaEngine(databaseUrl, async ({ engine, connection, scriptError }) => {
    for (const name of missing) {
      const upToHere = files.slice(0, files.findIndex((file) => file.name === name) + 1)
      await connection.query('BEGIN')
      try {
        await engine.applyMigrations({ migrationsList: asMigrationList(folder, upToHere), filters: FILTERS })
        await connection.query('COMMIT')
      } catch (error) {
        const cause = scriptError() ?? error
        const why = cause instanceof Error ? cause.message : String(cause)
        throw new MigrationError('failed', name, `The migration ${name} failed and was taken back: ${why}.`, { cause })
      }
      log(`Applied migration ${name}.`)
    }
  })
}

/** graphile-worker's own schema (jobs). It notices by itself what is missing. */
async function migrateWorker(connectionString: string): Promise<void> {
  const silent = new Logger(() => () => {})
  const utils = await makeWorkerUtils({ connectionString, logger: silent, maxPoolSize: 1 })
  try {
    await utils.migrate()
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new MigrationError('failed', 'graphile-worker', `The job queue's own migrations failed: ${why}`, { cause })
  } finally {
    await utils.release()
  }
}
