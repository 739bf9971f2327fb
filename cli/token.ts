import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { CommandError } from './outcome.ts'

/**
 * Makes an agent's token with the program itself, which knows the deployment's secret. Throws CommandError.
 */
export async function makeToken(): Promise<string> {
  const program = join(packageRoot(import.meta.dirname), 'dist/src/main.js')
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [program, 'token', '--role', 'agent'])
    return stdout.trim()
  } catch (error) {
    const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr) : ''
    const reason = existsSync(program) ? (stderr.trim().split('\n')[0] ?? '') : 'the program is not built'
    throw new CommandError(
      `No token could be made here${reason && ` (${reason.replace(/\.$/, '')})`}: give one with --token or PERCH_TOKEN.`,
    )
  }
}

/** This file is run as cli/token.ts and as dist/cli/token.js: only package.json says where the package begins. */
function packageRoot(folder: string): string {
  if (existsSync(join(folder, 'package.json')) || dirname(folder) === folder) return folder
  return packageRoot(dirname(folder))
}
