import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { StartupError } from './store/startup-error.ts'

/** The secrets of a deployment: one that seals and signs, and those that only open while it is being replaced. */
export interface Secrets {
  readonly current: string
  readonly previous: readonly string[]
}

interface Source {
  readonly secret: string | undefined
  readonly previousSecrets: readonly string[]
  readonly dataDir: string
}

/** PERCH_SECRET and PERCH_SECRET_PREVIOUS, or what is kept in the data directory. */
export async function readSecrets({ secret, previousSecrets, dataDir }: Source): Promise<Secrets> {
  const current = await readSecret({ secret, dataDir })
  const kept = secret === undefined ? await readPrevious(dataDir) : undefined
  return { current, previous: kept === undefined ? previousSecrets : [...previousSecrets, kept] }
}

/** As config.ts asks of PERCH_SECRET. */
const MIN_LENGTH = 32

/** The file of the secret before, while what it sealed is being sealed anew. */
const PREVIOUS = 'secret.previous'

/**
 * Replaces the secret that is kept in the data directory; the old one goes on opening until `forgetPreviousSecret`. Once
 * begun, another call changes nothing: so a rotation that was killed goes on.
 */
export async function replaceKeptSecret(dataDir: string): Promise<void> {
  const [file, previous] = [join(dataDir, 'secret'), join(dataDir, PREVIOUS)]
  const old = await readSecret({ secret: undefined, dataDir })
  const kept = await readPrevious(dataDir)
  if (kept !== undefined && kept !== old) return
  try {
    // The old one first under its new name, whole and on the disk, and only then the new one: nothing is ever without
    // its key, and a loss of power does not turn the two steps round.
    await rename(await draft(previous, old), previous)
    await syncFolder(dataDir)
    await rename(await draft(file), file)
    await syncFolder(dataDir)
  } catch (error) {
    throw unusable(file, error)
  }
}

/** Undefined when nothing is being replaced. */
async function readPrevious(dataDir: string): Promise<string | undefined> {
  const file = join(dataDir, PREVIOUS)
  const kept = await readIfThere(file).catch((error: unknown) => {
    throw unusable(file, error)
  })
  // Tokens that it signed are taken: what is empty or short, anybody could sign with.
  if (kept === undefined || kept.length >= MIN_LENGTH) return kept
  throw new StartupError(
    `The previous secret in ${file} is damaged (under ${MIN_LENGTH} characters); restore it, or remove the file if nothing is sealed with it any more.`,
  )
}

/** Nothing is sealed with the old secret any more. */
export async function forgetPreviousSecret(dataDir: string): Promise<void> {
  await rm(join(dataDir, PREVIOUS), { force: true })
}

/** The deployment's secret: PERCH_SECRET, or one that is made on first use and kept in the data directory (0600). */
export async function readSecret({
  secret,
  dataDir,
}: {
  secret: string | undefined
  dataDir: string
}): Promise<string> {
  if (secret !== undefined) return secret
  const file = join(dataDir, 'secret')
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 })
    const kept = (await readIfThere(file)) ?? (await create(file))
    if (kept.length >= MIN_LENGTH) return kept
  } catch (error) {
    throw unusable(file, error)
  }
  throw new StartupError(
    `The secret in ${file} is damaged (under ${MIN_LENGTH} characters); restore it, or set PERCH_SECRET.`,
  )
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Makes the file under another name first: whoever finds it finds the whole of it, also after a crash in between. */
async function create(file: string): Promise<string> {
  const made = await draft(file)
  try {
    // Of programs that come at once one gives it its name, and all read the same.
    await link(made, file).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error
    })
    await syncFolder(dirname(file))
  } finally {
    await rm(made, { force: true })
  }
  return (await readFile(file, 'utf8')).trim()
}

/** A secret, a new one unless given, in a file beside `file`, on the disk. */
async function draft(file: string, secret = randomBytes(32).toString('hex')): Promise<string> {
  const made = `${file}.${randomBytes(6).toString('hex')}`
  const handle = await open(made, 'wx', 0o600)
  try {
    await handle.writeFile(`${secret}\n`)
    // What it seals is in a database that survives a loss of power; so must the secret.
    await handle.sync()
  } catch (error) {
    await rm(made, { force: true })
    throw error
  } finally {
    await handle.close()
  }
  return made
}

/** Names that were given to files outlive a loss of power only once their folder is on the disk, too. */
async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folders, and needs none of this.
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

function unusable(file: string, error: unknown): StartupError {
  return new StartupError(
    `The secret cannot be kept in ${file} (${codeOf(error) || 'unknown reason'}); set PERCH_DATA_DIR to a folder that this user may write.`,
    { cause: error },
  )
}
