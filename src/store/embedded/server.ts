import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { StartupError } from '../startup-error.ts'
import type { Binaries } from './binaries.ts'
import { ENVIRONMENT } from './cluster.ts'
import type { Home } from './home.ts'
import { commandLineOf } from './processes.ts'

/** How long PostgreSQL may take to end sessions and write everything, then to just end (ms). */
const FAST = 3_000
const IMMEDIATE = 1_000
/** How long PostgreSQL may take until it accepts connections; recovery after a crash included (ms). */
const START = 60_000

/** A thirty-second of the machine's memory, within bounds; what is not used is not taken. */
const SHARED_BUFFERS_MB = Math.round(Math.min(Math.max(totalmem() / 32 / 2 ** 20, 64), 512))

/** Settings for a program that shares the machine with its database. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  // TCP only: the path of a socket has a limit of 107 bytes, the path of a checkout has none.
  unix_socket_directories: '',
  shared_buffers: `${SHARED_BUFFERS_MB}MB`,
  // A bulk update of 100,000 tickets writes a quarter of this: with less there is a checkpoint in its middle, and behind
  // each every page is written whole again.
  max_wal_size: '1GB',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // What the server has to say, not every statement that fails: the log must not grow without bound.
  log_min_messages: 'log',
  log_checkpoints: 'off',
}

/** A PostgreSQL server that this process started. */
export interface Server {
  readonly pid: number
  readonly port: number
  /** Resolves when the server's process has ended, for whatever reason. */
  readonly exited: Promise<void>
  stop(): Promise<void>
}

/** Starts the server on a free port of 127.0.0.1 and waits until it accepts connections. */
export async function startServer(
  home: Home,
  binaries: Binaries,
  settings: Readonly<Record<string, string>>,
): Promise<Server> {
  const data = join(home.folder, 'data')
  await stopLeftover(data)
  const deadline = performance.now() + START
  for (;;) {
    const port = await freePort()
    const child = launch(home, binaries, port, settings)
    const exited = new Promise<void>((resolve) => {
      child.once('exit', () => resolve())
      child.once('error', () => resolve())
    })
    const pid = child.pid ?? 0
    while (child.exitCode === null && child.signalCode === null && child.pid) {
      if (readPidFile(data).ready === child.pid) return { pid, port, exited, stop: () => stop(pid, exited) }
      if (performance.now() > deadline) {
        await stop(pid, exited)
        break
      }
      await Promise.race([sleep(10), exited])
    }
    const said = lastWords(home)
    // The port went to somebody else in between, or a killed server or its backends are still about to leave.
    const passing = /could not bind|could not create any TCP|still in use|is being used by|already exists/.test(said)
    if (!passing || performance.now() > deadline) {
      throw new StartupError(`The embedded PostgreSQL in ${home.folder} does not start: ${said}`)
    }
    await sleep(100)
  }
}

function launch({ folder, user }: Home, binaries: Binaries, port: number, extra: Readonly<Record<string, string>>) {
  const settings = Object.entries({ ...SETTINGS, ...extra, port: String(port) })
  const log = openSync(join(folder, 'server.log'), 'w', 0o600)
  try {
    return spawn(
      join(binaries.folder, 'bin/postgres'),
      ['-D', join(folder, 'data'), ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      {
        ...user,
        cwd: '/',
        env: ENVIRONMENT,
        stdio: ['ignore', log, log],
        // A session of its own: the terminal's Ctrl-C must not reach the server before we have let go of it.
        detached: true,
      },
    )
  } finally {
    closeSync(log)
  }
}

/** What postmaster.pid says: the postmaster's pid, and the same again once it accepts connections. */
function readPidFile(data: string): { pid?: number; ready?: number } {
  try {
    const lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')
    const pid = Number(lines[0])
    return lines[7]?.trim() === 'ready' ? { pid, ready: pid } : { pid }
  } catch {
    return {}
  }
}

/**
 * Ends a server whose parent was killed and that still runs on our data. Only the lock on the home makes
 * this right: no living Perch uses that server. A pid that now is another program's is left alone.
 */
async function stopLeftover(data: string): Promise<void> {
  const { pid } = readPidFile(data)
  if (pid === undefined) return
  const isOurs = () => {
    const command = commandLineOf(pid)
    return command?.includes('postgres') === true && `${command} `.includes(` -D ${data} `)
  }
  if (isOurs()) {
    const end = performance.now() + FAST + 2 * IMMEDIATE
    const exited = async () => {
      while (isOurs() && performance.now() < end) await sleep(20)
    }
    await stop(pid, exited())
  } else if (commandLineOf(pid) !== undefined) {
    // PostgreSQL would take any living process of this number for its server. Backends that a killed
    // server may have left, it finds by their shared memory all the same.
    rmSync(join(data, 'postmaster.pid'), { force: true })
  }
}

/** Fast shutdown (sessions are ended, everything is written); if that takes too long, the hard ways. */
async function stop(pid: number, exited: Promise<void>): Promise<void> {
  for (const [signal, patience] of [
    ['SIGINT', FAST],
    ['SIGQUIT', IMMEDIATE],
    ['SIGKILL', IMMEDIATE],
  ] as const) {
    if (!send(pid, signal)) return
    const gone = await Promise.race([exited.then(() => true), sleep(patience, false, { ref: false })])
    if (gone) return
  }
}

/** False when there is no such process any more. */
export function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

function lastWords({ folder }: Home): string {
  const lines = readFileSync(join(folder, 'server.log'), 'utf8').trim().split('\n')
  const telling = lines.filter((line) => /FATAL|PANIC|could not|HINT/.test(line))
  return (telling.length > 0 ? telling : lines.slice(-1)).map((line) => line.replace(/^.*?(?=[A-Z]+: )/, '')).join(' ')
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
