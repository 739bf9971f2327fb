import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
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
    // `wx`: of two programs that come at once, one writes and both read the same.
    await writeFile(file, `${randomBytes(32).toString('hex')}\n`, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw unusable(file, error)
  }
  try {
    const kept = (await readFile(file, 'utf8')).trim()
    if (kept.length >= 32) return kept
  } catch (error) {
    throw unusable(file, error)
  }
  throw new StartupError(`The secret in ${file} is damaged (under 32 characters); restore it, or set PERCH_SECRET.`)
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
