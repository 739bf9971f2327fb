import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { query } from './perch.ts'

/** `npm start` as a newcomer meets it: the compiled program, its own PostgreSQL, its own X. */
export const MAIN = join(import.meta.dirname, '../../dist/src/main.js')

export interface Running {
  readonly child: ChildProcess
  readonly url: string
  readonly token: string
  output(): string
  /** Every process below this one, itself included. */
  tree(): number[]
}

let folder: string | undefined
const running = new Set<ChildProcess>()

/** For a file of tests: nothing that they start, and no data, stays behind. */
export function cleanUpAfterStarts(): void {
  beforeAll(() => {
    if (!existsSync(MAIN)) throw new Error('dist/ is missing: run "npm run build" first (npm test does).')
  })
  afterEach(() => {
    for (const child of running) child.kill('SIGKILL')
    running.clear()
  })
  afterAll(() => {
    if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    folder = undefined
  })
}

/** The data's folder of one start, by a name. */
export function dataDir(name: string): string {
  if (!folder) {
    folder = mkdtempSync(join(tmpdir(), 'perch-start-'))
    chmodSync(folder, 0o711) // root's PostgreSQL runs as nobody, who has to pass
  }
  return join(folder, name)
}

/** Without XChat the simulator is lighter; one test has it. */
const QUIET = { SIMULATOR_XCHAT_PIN: '' }

/** A process group of its own, as a terminal has. */
export function launch(env: Record<string, string>, command = 'start'): ChildProcess {
  const child = spawn(process.execPath, [MAIN, command], {
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...QUIET, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  running.add(child)
  return child
}

/** Starts Perch and waits until a ticket line was printed. */
export async function start(dir: string): Promise<Running> {
  const child = launch({ PERCH_DATA_DIR: dir, PORT: '0' })
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  await expect
    .poll(() => (child.exitCode !== null ? `exit ${child.exitCode}: ${output}` : output), { timeout: 30_000 })
    .toMatch(/#\d+ +@\w+ /)
  const url = /GraphiQL: +(http:\S+)\/graphql/.exec(output)?.[1] ?? ''
  const token = /Administrator's token: +(\S+)/.exec(output)?.[1] ?? ''
  const pid = child.pid ?? 0
  return { child, url, token, output: () => output, tree: () => [pid, ...descendants(pid)] }
}

function parents(): Map<number, number> {
  const found = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      found.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
    } catch {
      // It ended while we looked.
    }
  }
  return found
}

function descendants(of: number): number[] {
  const all = parents()
  const found: number[] = []
  for (let level = [of]; level.length > 0; ) {
    level = [...all].filter(([, parent]) => level.includes(parent)).map(([pid]) => pid)
    found.push(...level)
  }
  return found
}

/** Those that still run. */
export const alive = (pids: readonly number[]) => pids.filter((pid) => parents().has(pid))

/** Its exit code, once it has ended. */
export async function exit(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.exitCode
}

/** How many tickets it tells of. */
export const ticketCount = ({ url, token }: Running) =>
  query<{ tickets: { totalCount: number } }>(url, token, '{ tickets(first: 1) { totalCount } }').then(
    ({ tickets }) => tickets.totalCount,
  )
