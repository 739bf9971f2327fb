import { parseArgs } from 'node:util'
import { migrateCommand } from './commands/migrate.ts'
import { rotateSecretsCommand } from './commands/rotate-secrets.ts'
import { startCommand } from './commands/start.ts'
import { tokenCommand } from './commands/token.ts'
import { readConfig } from './config.ts'
import { StartupError } from './store/startup-error.ts'
import { USAGE } from './usage.ts'

/*
 * The program's commands. Whatever is wrong with the surroundings (settings, a port, a folder, a
 * database) is one sentence on standard error and exit code 1; a stack trace is a defect of ours.
 */

async function main(): Promise<number> {
  const [command, ...rest] = process.argv.slice(2)
  switch (command) {
    case 'start':
      options(rest, {})
      return startCommand(readConfig(process.env))
    case 'migrate':
      options(rest, {})
      return migrateCommand(readConfig(process.env))
    case 'rotate-secrets':
      options(rest, {})
      return rotateSecretsCommand(readConfig(process.env))
    case 'token':
      return tokenCommand(
        readConfig(process.env),
        options(rest, { role: { type: 'string' }, user: { type: 'string' }, hours: { type: 'string' } }),
      )
    default:
      throw new StartupError(`Usage:\n${USAGE}`)
  }
}

function options(args: string[], known: Record<string, { type: 'string' }>): Record<string, string | undefined> {
  try {
    return parseArgs({ args, options: known, strict: true }).values as Record<string, string | undefined>
  } catch (error) {
    throw new StartupError(`${error instanceof Error ? error.message : String(error)}\nUsage:\n${USAGE}`)
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(
      error instanceof StartupError ? `${error.message}\n` : `${String((error as Error)?.stack ?? error)}\n`,
    )
    process.exit(1)
  },
)
