import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StartupError } from '../startup-error.ts'
import type { RunAs } from './binaries.ts'

/** Where the embedded PostgreSQL lives, and as whom. */
export interface Home {
  /** Holds `data` (PostgreSQL's own), `password`, `server.log`. */
  readonly folder: string
  readonly user: RunAs
  /** A folder where copies of the binaries may be kept: `user` can reach it. */
  readonly copies: () => string
}

/** In the data directory: says where the database is, when it is not there. */
export const LOCATION = 'postgres-is-in'

/**
 * Finds or chooses the home for a data directory; the choice is remembered there.
 *
 * An ordinary user's is <dataDir>/postgres. PostgreSQL refuses to run as root, so root's runs as `nobody`
 * (or whoever owns the data already); and where nobody cannot go, such as below root's home, it lives in
 * /var/lib/perch.
 */
export function findHome(dataDir: string, log: (line: string) => void): Home {
  const inside = join(dataDir, 'postgres')
  if (process.getuid?.() !== 0) {
    refuseForeign(dataDir)
    mkdirSync(inside, { recursive: true, mode: 0o700 })
    return { folder: inside, user: undefined, copies: () => inside }
  }

  const pointer = join(dataDir, LOCATION)
  if (existsSync(pointer)) {
    const folder = readFileSync(pointer, 'utf8').trim()
    if (!existsSync(folder)) {
      throw new StartupError(
        `The database of ${dataDir} was kept in ${folder}, which is gone: bring it back, or remove ${pointer} to start with an empty one.`,
      )
    }
    return { folder, user: ownerOf(folder), copies: sharedFolder }
  }

  mkdirSync(inside, { recursive: true, mode: 0o711 })
  const user = ownerOf(inside)
  if (canEnter(inside, user)) return { folder: inside, user, copies: sharedFolder }
  if (existsSync(join(inside, 'data'))) {
    throw new StartupError(
      `The database in ${inside} belongs to user ${user.uid}, who can no longer reach it: let others pass through the folders above (chmod o+x), or set PERCH_DATA_DIR to another folder.`,
    )
  }
  rmdirSync(inside)
  const shared = sharedFolder()
  const name = createHash('sha256').update(dataDir).digest('hex').slice(0, 16)
  for (const earlier of readdirSync(shared).filter((other) => other.startsWith(name))) {
    log(`An earlier database of ${dataDir} is left in ${join(shared, earlier)}; remove it if you do not miss it.`)
  }
  // A name of its own each time: whoever removes the data directory to start afresh must not find old data.
  const folder = join(shared, `${name}-${randomBytes(4).toString('hex')}`)
  mkdirSync(folder, { mode: 0o711 })
  writeFileSync(`${pointer}.new`, `${folder}\n`)
  renameSync(`${pointer}.new`, pointer)
  return { folder, user, copies: sharedFolder }
}

/** Data that root made belongs to nobody (the user); an ordinary user cannot go on with it. */
function refuseForeign(dataDir: string): void {
  const uid = process.getuid?.()
  const data = join(dataDir, 'postgres/data')
  const foreign = existsSync(join(dataDir, LOCATION)) || (existsSync(data) && statSync(data).uid !== uid)
  if (!foreign) return
  throw new StartupError(
    `The database in ${dataDir} belongs to another user (perhaps Perch was started as root there): start it as that user, or set PERCH_DATA_DIR to another folder.`,
  )
}

function ownerOf(folder: string): NonNullable<RunAs> {
  const data = join(folder, 'data')
  if (existsSync(data)) {
    const { uid, gid } = statSync(data)
    if (uid !== 0) return { uid, gid }
  }
  return { uid: idOf('-u'), gid: idOf('-g') }
}

/** nobody's number: 65534 on Linux as a rule, another on macOS. */
function idOf(flag: '-u' | '-g'): number {
  const { status, stdout } = spawnSync('id', [flag, 'nobody'], { encoding: 'utf8' })
  return status === 0 ? Number(stdout) : 65_534
}

const canEnter = (folder: string, user: NonNullable<RunAs>) =>
  spawnSync('/bin/sh', ['-c', 'cd "$0"', folder], { ...user, cwd: '/', stdio: 'ignore', env: {} }).status === 0

/** A folder that everyone can reach and only root can write. */
function sharedFolder(): string {
  try {
    const folder = '/var/lib/perch'
    mkdirSync(folder, { recursive: true, mode: 0o755 })
    accessSync(folder, constants.W_OK)
    chmodSync(folder, 0o755)
    return folder
  } catch {
    // Everyone may write to the temporary folder, so somebody else may have been there first.
    const folder = join(tmpdir(), 'perch')
    mkdirSync(folder, { recursive: true, mode: 0o755 })
    const { uid, mode } = statSync(folder)
    if (uid !== 0 || mode & 0o022) {
      throw new StartupError(`The folder ${folder} is not root's alone: remove it, or make /var/lib writable.`)
    }
    return folder
  }
}
