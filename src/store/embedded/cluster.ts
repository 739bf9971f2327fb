import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { StartupError } from '../startup-error.ts'
import type { Binaries, RunAs } from './binaries.ts'
import type { Home } from './home.ts'

/** The database superuser of the embedded server. */
export const DATABASE_USER = 'perch'

/** An environment without the PG* variables of whoever starts us, and without secrets. */
export const ENVIRONMENT = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }

/** Makes the data directory of PostgreSQL unless there is one. Gives the password of DATABASE_USER. */
export async function ensureCluster(home: Home, binaries: Binaries, log: (line: string) => void): Promise<string> {
  const data = join(home.folder, 'data')
  const password = ensurePassword(home)
  if (existsSync(data)) {
    const made = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim()
    const major = binaries.version.split('.')[0]
    if (made !== major) {
      throw new StartupError(
        `The database in ${data} was made by PostgreSQL ${made}, and this Perch brings PostgreSQL ${major}: move it with pg_dump and restore.`,
      )
    }
    return password
  }

  log('Creating the embedded PostgreSQL database.')
  for (const name of readdirSync(home.folder)) {
    // Left behind by an initdb that was killed: the directory counts only once it has its final name.
    // It may even be alive still, and writing.
    if (name.startsWith('data.new')) rmSync(join(home.folder, name), { recursive: true, force: true, maxRetries: 10 })
  }
  const unfinished = join(home.folder, `data.new-${process.pid}`)
  mkdirSync(unfinished, { mode: 0o700 })
  if (home.user) chownSync(unfinished, home.user.uid, home.user.gid)
  await run(join(binaries.folder, 'bin/initdb'), home.user, [
    `--pgdata=${unfinished}`,
    `--username=${DATABASE_USER}`,
    `--pwfile=${join(home.folder, 'password')}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    // Upper and lower case of all scripts (text search needs it), the same on every machine.
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
  ])
  renameSync(unfinished, data)
  return password
}

/** The password is written before the cluster is made, so that no kill can part them. */
function ensurePassword({ folder, user }: Home): string {
  const file = join(folder, 'password')
  if (!existsSync(file)) {
    const fresh = `${file}.new`
    writeFileSync(fresh, randomBytes(24).toString('base64url'), { mode: 0o600 })
    chmodSync(fresh, 0o600)
    if (user) chownSync(fresh, user.uid, user.gid)
    renameSync(fresh, file)
  }
  return readFileSync(file, 'utf8')
}

/** Runs a program to its end; what it says on its error output is the reason when it fails. */
function run(program: string, user: RunAs, args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...user, cwd: '/', env: ENVIRONMENT, stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) return resolve()
      const why = said.split('\n').find((line) => /error|fatal/i.test(line)) ?? said.split('\n')[0] ?? `code ${code}`
      reject(new StartupError(`The embedded PostgreSQL could not create its database: ${why.trim()}.`))
    })
  })
}
