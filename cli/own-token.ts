import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** An agent's token, made by the `token` command with the settings of this shell; undefined when there is no way to. */
export async function agentToken(): Promise<string | undefined> {
  const program = tokenProgram()
  if (program === undefined) return undefined
  return new Promise((resolve) => {
    execFile(process.execPath, [program, 'token', '--role', 'agent'], (error, stdout) => {
      resolve(error ? undefined : stdout.trim() || undefined)
    })
  })
}

/** The compiled program: beside this file when that is compiled too, else below dist/. */
function tokenProgram(): string | undefined {
  const here = dirname(fileURLToPath(import.meta.url))
  return [join(here, '../src/main.js'), join(here, '../dist/src/main.js')].find((path) => existsSync(path))
}
