import { type ChildProcess, type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'

const PERCH = join(import.meta.dirname, '../../dist/cli/perch.js')
const children = new Set<ChildProcess>()

/** A run of the program `perch`, as a script would start it. */
export interface CliRun {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>
  /** The exit code, once all output was read. */
  readonly ended: Promise<number | null>
  out(): string
  said(): string
  /** Whole lines of standard output so far. */
  lines(): string[]
  /** Resolves as soon as `done` holds of what was printed. */
  until(done: () => boolean, ms?: number): Promise<void>
}

/** Starts `perch` without a terminal. `input` is its standard input; not `reading`: nobody reads its output yet. */
export function runCli(
  args: readonly string[],
  options: { env?: Record<string, string>; input?: string; reading?: boolean } = {},
): CliRun {
  const { env = {}, input, reading = true } = options
  const child = spawn(process.execPath, [PERCH, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.end(input ?? '')
  return watched(child, reading)
}

function watched(child: ChildProcessByStdio<Writable, Readable, Readable>, reading = true): CliRun {
  children.add(child)
  let out = ''
  let err = ''
  const heard = new Set<() => void>()
  const hear = () => {
    for (const check of heard) check()
  }
  child.stdout.setEncoding('utf8')
  if (reading)
    child.stdout.on('data', (text: string) => {
      out += text
      hear()
    })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
    hear()
  })
  const ended = once(child, 'close').then(([code]) => {
    children.delete(child)
    hear()
    return code as number | null
  })
  return {
    child,
    ended,
    out: () => out,
    said: () => err,
    lines: () => out.split('\n').slice(0, -1),
    until: (done, ms = 15_000) =>
      new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`In vain: ${err}\n${out}`)), ms)
        const check = () => {
          if (!done()) return
          clearTimeout(timer)
          heard.delete(check)
          resolve()
        }
        heard.add(check)
        check()
      }),
  }
}

/** Whether there is `script` (util-linux), which runs a program on a terminal. */
export const hasTerminals = spawnSync('script', ['--version']).status === 0

/** Starts `perch` on a terminal, as a person would; `out` is all that the terminal shows. `child.stdin` is the keyboard. */
export function runOnTerminal(args: readonly string[], env: Record<string, string>): CliRun {
  const command = [process.execPath, PERCH, ...args].map((arg) => `'${arg.replaceAll("'", `'\\''`)}'`).join(' ')
  return watched(
    spawn('script', ['-qec', command, '/dev/null'], {
      env: { PATH: process.env['PATH'] ?? '', TERM: 'xterm', SHELL: '/bin/sh', ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    }),
  )
}

/** Ends what is still running: for afterEach. */
export function endCliRuns(): void {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
}
