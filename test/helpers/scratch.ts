import { statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'

const MEMORY = '/dev/shm'
/** What `statfs(2)` calls tmpfs. */
const TMPFS = 0x01021994
/** A run of the tests was seen to need an eighth of it. */
const BYTES = 1024 ** 3

/**
 * The folder for data that nobody misses after a crash of the machine: one in memory where there is room, for making
 * and removing the files of hundreds of databases was a sixth of a run. Nothing may be started from there: it is
 * mounted `noexec` in most containers.
 */
export function scratchFolder(): string {
  try {
    const { type, bavail, bsize } = statfsSync(MEMORY)
    if (type === TMPFS && bavail * bsize >= BYTES) return MEMORY
  } catch {
    // Not Linux.
  }
  return tmpdir()
}
