import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { checkDrift } from '../../src/store/drift.ts'
import { MigrationError, migrate } from '../../src/store/migrate.ts'
import { migrationsFolder, readMigrations } from '../../src/store/migration-files.ts'
import { StartupError } from '../../src/store/startup-error.ts'
import { emptyDatabase, type TestDatabase, testDatabase } from '../helpers/database.ts'
import { runProgram } from '../helpers/programs.ts'

// Processes and WebAssembly: the machine may be busy with other test files.
vi.setConfig({ testTimeout: 60_000 })

async function run(database: TestDatabase, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(database.url)
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

/** What migrate() throws. */
const problemOf = (migrating: Promise<unknown>) =>
  migrating.then(
    () => undefined,
    (error: unknown) => error,
  )

const HISTORY = `SELECT migration_name AS name, finished_at IS NOT NULL AS finished, applied_steps_count AS steps
  FROM _prisma_migrations ORDER BY migration_name`

describe('the migrations of Perch', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await emptyDatabase()
  })
  afterAll(() => database.drop())

  test('are each applied once by two processes that start together on an empty database', async () => {
    const said = z.object({ applied: z.array(z.string()) })
    const programs = [1, 2].map(() => runProgram('migrate-process', { args: [database.url] }))
    const applied = (await Promise.all(programs.map(async (program) => said.parse(await program.said).applied))).flat()
    const names = readMigrations(migrationsFolder()).map((file) => file.name)
    expect(applied.sort()).toEqual(names)
    expect(await run(database, HISTORY)).toEqual(names.map((name) => ({ name, finished: true, steps: 1 })))
    expect(await run(database, 'SELECT count(*)::int AS jobs FROM graphile_worker.jobs')).toEqual([{ jobs: 0 }])
  })

  test('are left alone once applied', async () => {
    const lines: string[] = []
    expect(await migrate(database.url, (line) => lines.push(line))).toEqual({ applied: [] })
    expect(lines).toEqual([])
  })

  test('wait for the process that is migrating', async () => {
    const other = new pg.Client(database.url)
    await other.connect()
    await other.query('SELECT pg_advisory_lock(1885696611, 1)')
    let migrating: Promise<unknown> | undefined
    const line = await new Promise<string>((resolve) => {
      migrating = migrate(database.url, resolve)
    })
    expect(line).toBe('Another process is migrating the database; waiting for it.')
    await other.end()
    expect(await migrating).toEqual({ applied: [] })
  })
})

describe('drift', () => {
  let database: TestDatabase
  beforeEach(async () => {
    database = await testDatabase()
  })
  afterEach(() => database.drop())

  test('is not there between schema.prisma and what the migrations build', async () => {
    expect(await checkDrift(database.url)).toBeUndefined()
  })

  test('is seen in columns, nullability, partial indexes, enums and tables', async () => {
    await run(
      database,
      `ALTER TABLE ticket DROP COLUMN subject CASCADE;
       ALTER TABLE account ALTER COLUMN name DROP NOT NULL;
       DROP INDEX account_one_default;
       ALTER TYPE "UserRole" ADD VALUE 'ROBOT';
       CREATE TABLE stray (id int PRIMARY KEY)`,
    )
    const repair = await checkDrift(database.url)
    expect(repair).toMatch(/ALTER TABLE "ticket" ADD COLUMN\s+"subject"/)
    expect(repair).toMatch(/ALTER TABLE "account" ALTER COLUMN "name" SET NOT NULL/)
    expect(repair).toMatch(/CREATE UNIQUE INDEX "account_one_default".*WHERE/)
    expect(repair).toMatch(/"UserRole/)
    expect(repair).toMatch(/DROP TABLE "stray"/)
  })
})

describe('a migration', () => {
  let database: TestDatabase
  let folder: string
  beforeEach(async () => {
    database = await emptyDatabase()
    folder = mkdtempSync(join(tmpdir(), 'perch-migrations-'))
    cpSync(join(migrationsFolder(), 'migration_lock.toml'), join(folder, 'migration_lock.toml'))
    write(
      '1_first',
      `CREATE TABLE first (id int); CREATE FUNCTION semi() RETURNS text LANGUAGE sql AS $$ SELECT ';' $$;`,
    )
    write('2_second', 'CREATE TABLE second (id int);\n-- A comment; with a semicolon.\nINSERT INTO second VALUES (1);')
  })
  afterEach(async () => {
    rmSync(folder, { recursive: true })
    await database.drop()
  })

  function write(name: string, script: string): void {
    mkdirSync(join(folder, name), { recursive: true })
    writeFileSync(join(folder, name, 'migration.sql'), script)
  }
  const migrateHere = () => migrate(database.url, undefined, { folder })
  const tables = async () =>
    (await run(database, `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`)).map(
      (row) => row['name'],
    )

  test('that fails leaves nothing behind, says why, and is tried again', async () => {
    const good = 'CREATE TABLE second (id int);'
    write('2_second', `${good} INSERT INTO second VALUES (1); SELECT 1 / 0;`)
    const problem = await problemOf(migrateHere())
    expect(problem).toBeInstanceOf(MigrationError)
    expect(problem).toMatchObject({
      problem: 'failed',
      migration: '2_second',
      message: 'The migration 2_second failed and was taken back: division by zero.',
    })
    expect(await tables()).toEqual(['_prisma_migrations', 'first'])
    expect(await run(database, HISTORY)).toEqual([{ name: '1_first', finished: true, steps: 1 }])

    write('2_second', good)
    expect(await migrateHere()).toEqual({ applied: ['2_second'] })
    expect(await tables()).toEqual(['_prisma_migrations', 'first', 'second'])
  })

  test('whose process is killed half-way leaves nothing behind', async () => {
    const good = 'CREATE TABLE second (id int);'
    write('2_second', `${good} SELECT pg_sleep(0.5);`)
    const program = runProgram('migrate-process', { args: [database.url, folder] })
    const sleeping = () => run(database, `SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'`)
    await expect.poll(sleeping, { interval: 20, timeout: 50_000 }).toHaveLength(1)
    program.child.kill('SIGKILL')
    await program.exited

    write('2_second', good)
    expect(await migrateHere()).toEqual({ applied: ['2_second'] })
    expect(await tables()).toEqual(['_prisma_migrations', 'first', 'second'])
  })

  test('whose file was changed after it was applied is refused; other line ends are no change', async () => {
    expect(await migrateHere()).toEqual({ applied: ['1_first', '2_second'] })
    const script = readMigrations(folder)[1]?.script ?? ''
    write('2_second', script.replaceAll('\n', '\r\n'))
    expect(await migrateHere()).toEqual({ applied: [] })
    write('2_second', `${script} DROP TABLE first;`)
    expect(await problemOf(migrateHere())).toMatchObject({ problem: 'edited', migration: '2_second' })
  })

  test('that this program does not know means that the database is newer', async () => {
    await migrateHere()
    rmSync(join(folder, '2_second'), { recursive: true })
    const problem = await problemOf(migrateHere())
    expect(problem).toMatchObject({ problem: 'newer', migration: '2_second' })
    expect(String(problem)).toContain('The database is newer than this program')
  })

  test('that another tool left unfinished is not guessed about', async () => {
    await migrateHere()
    await run(database, `UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = '2_second'`)
    expect(await problemOf(migrateHere())).toMatchObject({ problem: 'unfinished', migration: '2_second' })
  })
})

test('a database that cannot be reached is named without its password', async () => {
  const problem = await problemOf(migrate('postgres://someone:secret-word@127.0.0.1:1/somewhere'))
  expect(problem).toBeInstanceOf(StartupError)
  expect(String(problem)).toContain('The database somewhere at 127.0.0.1:1 cannot be used: connect ECONNREFUSED')
  expect(String(problem)).not.toContain('secret-word')
})
