import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { LOCATION } from '../../src/store/embedded/home.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/store/embedded-postgres.ts'
import { StartupError } from '../../src/store/startup-error.ts'
import { childrenOf, isRunning, type Program, runProgram } from '../helpers/programs.ts'

const isRoot = process.getuid?.() === 0
/** The number of the user `daemon`, who exists everywhere. */
const DAEMON = 1
const NOBODY = 65_534

// Several real starts a test; the machine may be busy with other test files.
vi.setConfig({ testTimeout: 60_000 })

const undo: (() => unknown)[] = []
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

/** A new folder; by default one that other users may pass through. */
function folder(mode = 0o711): string {
  const path = mkdtempSync(join(tmpdir(), 'perch-embedded-'))
  chmodSync(path, mode)
  undo.push(() => rmSync(path, { recursive: true, force: true }))
  return path
}

async function start(dataDir: string): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir })
  undo.push(() => server.stop())
  return server
}

const placeSchema = z.object({ url: z.string(), directory: z.string(), pid: z.number() })
const refusalSchema = z.object({ refused: z.string() })

function program(dataDir: string, uid?: number): Program {
  const started = runProgram('postgres-process', { args: [dataDir], ...(uid !== undefined && { uid }) })
  undo.push(() => started.child.kill('SIGKILL'))
  return started
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client(url)
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query<{ kept: unknown }>(sql)).rows.map((row) => row.kept)
  } finally {
    await client.end()
  }
}

const keep = (url: string) => query(url, `CREATE TABLE kept AS SELECT 'still here' AS kept`)
const kept = (url: string) => query(url, 'SELECT kept FROM kept')

describe('the embedded PostgreSQL', () => {
  test('keeps its data from one start to the next, and asks for its password', async () => {
    const dataDir = folder()
    // As an initdb leaves it that was killed half-way.
    mkdirSync(join(dataDir, 'postgres/data.new-1/base'), { recursive: true })
    chmodSync(join(dataDir, 'postgres'), 0o711)

    const first = await start(dataDir)
    await keep(first.url)
    const guess = new URL(first.url)
    guess.password = 'guess'
    await expect(query(guess.href, 'SELECT 1 AS kept')).rejects.toThrow('password authentication failed')
    await first.stop()
    expect(isRunning(first.pid)).toBe(false)

    const second = await start(dataDir)
    expect(second.directory).toBe(join(dataDir, 'postgres'))
    expect(existsSync(join(dataDir, 'postgres/data.new-1'))).toBe(false)
    expect(await kept(second.url)).toEqual(['still here'])
    expect(await query(second.url, `SELECT lower('ÉÜΩ') AS kept`)).toEqual(['éüω'])
  })

  test('survives a SIGKILL of the program, then of everything, and leaves other programs alone', async () => {
    const dataDir = folder()
    const killed = program(dataDir)
    const orphan = placeSchema.parse(await killed.said)
    await keep(orphan.url)
    killed.child.kill('SIGKILL')
    await killed.exited
    expect(isRunning(orphan.pid)).toBe(true)

    const all = program(dataDir)
    const second = placeSchema.parse(await all.said)
    expect(isRunning(orphan.pid)).toBe(false)
    expect(await kept(second.url)).toEqual(['still here'])
    for (const pid of [all.pid, second.pid, ...childrenOf(second.pid)]) process.kill(pid, 'SIGKILL')
    await all.exited

    // The dead server's number now belongs to somebody else, of the same user.
    const innocent = spawn('sleep', ['60'], isRoot ? { uid: NOBODY, gid: NOBODY } : {})
    undo.push(() => innocent.kill())
    await once(innocent, 'spawn')
    const pidFile = join(second.directory, 'data/postmaster.pid')
    const [, ...rest] = readFileSync(pidFile, 'utf8').split('\n')
    writeFileSync(pidFile, [innocent.pid, ...rest].join('\n'))

    const third = await start(dataDir)
    expect(await kept(third.url)).toEqual(['still here'])
    expect(innocent.exitCode ?? innocent.signalCode).toBe(null)
  })

  test('serves one program at a time, and ends with it even if that leaves without a word', async () => {
    const dataDir = folder()
    const first = program(dataDir)
    const { pid, url } = placeSchema.parse(await first.said)
    await expect(startEmbeddedPostgres({ dataDir })).rejects.toThrow(`is already in use by process ${first.pid}`)
    expect(await query(url, 'SELECT 1 AS kept')).toEqual([1])

    first.child.stdin?.write('leave')
    await first.exited
    await expect.poll(() => isRunning(pid), { interval: 20, timeout: 5000 }).toBe(false)
  })

  test('says in one sentence that the folder cannot be written', async () => {
    const file = join(folder(), 'file')
    writeFileSync(file, '')
    await expect(startEmbeddedPostgres({ dataDir: join(file, 'below') })).rejects.toThrow(StartupError)
    await expect(startEmbeddedPostgres({ dataDir: join(file, 'below') })).rejects.toThrow(
      `${join(file, 'below')} cannot be written (ENOTDIR): make it writable for this user, or set PERCH_DATA_DIR`,
    )
  })
})

describe('started by root', () => {
  test.runIf(isRoot)('moves to /var/lib/perch from where nobody can go, and stays there', async () => {
    const dataDir = folder(0o700)
    const first = await start(dataDir)
    undo.push(() => rmSync(first.directory, { recursive: true }))
    expect(first.directory).toMatch(/\/perch\/[0-9a-f]{16}-[0-9a-f]{8}$/)
    expect(readFileSync(join(dataDir, LOCATION), 'utf8').trim()).toBe(first.directory)
    await keep(first.url)
    await first.stop()

    const second = await start(dataDir)
    expect(second.directory).toBe(first.directory)
    expect(await kept(second.url)).toEqual(['still here'])
  })

  test.runIf(isRoot && isOpen(import.meta.dirname) && isOpen(process.execPath))(
    'an ordinary user has all that root has',
    async () => {
      const dataDir = join(folder(0o777), 'data')
      const first = program(dataDir, DAEMON)
      const place = placeSchema.parse(await first.said)
      await keep(place.url)
      first.child.stdin?.end()
      await first.exited

      const again = await start(dataDir)
      expect(again.directory).toBe(join(dataDir, 'postgres'))
      expect(await kept(again.url)).toEqual(['still here'])
      await again.stop()

      const closed = folder(0o755)
      const { refused } = refusalSchema.parse(await program(closed, DAEMON).said)
      expect(refused).toContain(`${closed} cannot be written (EACCES)`)
    },
  )
})

/** Whether others may enter a folder: otherwise no other user can run anything of the checkout. */
function isOpen(path: string): boolean {
  for (let at = path; at !== dirname(at); at = dirname(at)) if (!(statSync(at).mode & 0o001)) return false
  return true
}
