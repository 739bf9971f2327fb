import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startOf } from './embedded/processes.ts'
import { StartupError } from './startup-error.ts'

/** A file of this name says that the process with this pid and start time uses the directory. */
const CLAIM = /^in-use-by-(\d+)-(\w+)$/
const ATTEMPTS = 4

/**
 * Makes the data directory if need be (closed to other users) and claims it for this process; gives the
 * function that lets go of it. A claim whose process is gone counts for nothing, however it went. Throws
 * StartupError when the directory cannot be written, or another process uses it.
 *
 * Safe without kernel locks: everyone first writes a claim and then looks for others, so of two that
 * start together at least one sees the other and withdraws; it tries again in case both did.
 */
export async function lockDataDir(dir: string): Promise<() => void> {
  const mine = join(dir, `in-use-by-${process.pid}-${startOf(process.pid) ?? 'unknown'}`)
  for (let attempt = 1; ; attempt++) {
    try {
      makePrivate(dir)
      writeFileSync(mine, '', { mode: 0o600, flag: 'wx' })
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST' && existsSync(mine)) {
        throw new StartupError(`The data directory ${dir} is already in use by this process.`, { cause })
      }
      throw unusable(dir, cause)
    }
    const other = claimants(dir, mine)
    if (other === undefined) return () => rmSync(mine, { force: true })
    rmSync(mine, { force: true })
    if (attempt === ATTEMPTS) {
      throw new StartupError(
        `The data directory ${dir} is already in use by process ${other}: stop that one, or set PERCH_DATA_DIR to another folder.`,
      )
    }
    await sleep(10 + Math.random() * 40)
  }
}

/** The one sentence for a directory that cannot be made, entered or written. */
export function unusable(dir: string, cause: unknown): StartupError {
  const why = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
  return new StartupError(
    `The data directory ${dir} cannot be written (${why}): make it writable for this user, or set PERCH_DATA_DIR to another folder.`,
    { cause },
  )
}

function makePrivate(dir: string): void {
  if (existsSync(dir)) return
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  // Root's PostgreSQL runs as another user, who must be able to pass through (but not to look around).
  if (process.getuid?.() === 0) chmodSync(dir, 0o711)
}

/** The pid of another live process that claims the directory; claims of the dead are cleared away. */
function claimants(dir: string, mine: string): number | undefined {
  let other: number | undefined
  for (const name of readdirSync(dir)) {
    const [, pid, start] = CLAIM.exec(name) ?? []
    if (pid === undefined || join(dir, name) === mine) continue
    if (startOf(Number(pid)) === start) other = Number(pid)
    else rmSync(join(dir, name), { force: true })
  }
  return other
}
