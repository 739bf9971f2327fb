import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { startOf } from '../../src/store/embedded/processes.ts'

/** A TypeScript program in a process of its own. */
export interface Program {
  readonly pid: number
  /** The first line it says, parsed as JSON. Rejects when it ends without a word. */
  readonly said: Promise<unknown>
  readonly exited: Promise<unknown>
  readonly child: ChildProcess
}

export interface ProgramOptions {
  readonly args?: readonly string[]
  /** Another user to run as: only root can. */
  readonly uid?: number
}

/** The compiled program of test/helpers/`name`.ts. Loaded as TypeScript, it would take seconds of each test to begin. */
export const programPath = (name: string): string => {
  const path = join(import.meta.dirname, '../../dist/test/helpers', `${name}.js`)
  if (!existsSync(path)) throw new Error(`${path} is missing: run "npm run build:test" first (npm test does).`)
  return path
}

/** Starts test/helpers/`name`.ts. */
export function runProgram(name: string, { args = [], uid }: ProgramOptions = {}): Program {
  const child = spawn(process.execPath, [programPath(name), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    cwd: import.meta.dirname,
    ...(uid !== undefined && { uid, gid: uid }),
  })
  const exited = once(child, 'exit')
  const said = (async () => {
    for await (const line of createInterface(child.stdout)) return JSON.parse(line) as unknown
    throw new Error(`${name} ended without a word.`)
  })()
  said.catch(() => {}) // Whoever cares awaits it.
  return { pid: child.pid ?? 0, said, exited, child }
}

const rows = z.array(z.tuple([z.coerce.number(), z.coerce.number()]))

/** The processes that a process started. */
export function childrenOf(pid: number): number[] {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
  return rows
    .parse(table.map((line) => line.trim().split(/\s+/)))
    .filter(([, parent]) => parent === pid)
    .map(([child]) => child)
}

/** Whether a process runs. One that has ended but that nobody has asked about (a zombie) does not. */
export const isRunning = (pid: number): boolean => startOf(pid) !== undefined
