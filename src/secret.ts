import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { StartupError } from './store/startup-error.ts'

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
    if (kept.length >= 32) return kept
  } catch (error) {
    throw unusable(file, error)
  }
  throw new StartupError(`The secret in ${file} is damaged (under 32 characters); restore it, or set PERCH_SECRET.`)
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
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  try {
    const handle = await open(draft, 'wx', 0o600)
    try {
      await handle.writeFile(`${randomBytes(32).toString('hex')}\n`)
      // What it seals is in a database that survives a loss of power; so must the secret.
      await handle.sync()
    } finally {
      await handle.close()
    }
    // Of programs that come at once one gives it its name, and all read the same.
    await link(draft, file).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error
    })
  } finally {
    await rm(draft, { force: true })
  }
  return (await readFile(file, 'utf8')).trim()
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
