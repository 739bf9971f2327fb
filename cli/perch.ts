#!/usr/bin/env node
import { USAGE as PROGRAM_USAGE } from '../src/usage.ts'
import { CommandError, EXIT, say } from './outcome.ts'

/*
 * `perch`: every command under one name. Those of the program itself are handed to it; the others are clients, which
 * need nothing but the address of a Perch. A command is loaded when it is asked for: a script does not wait for a server.
 */

const USAGE = `Usage: perch COMMAND [options]

The program:
${PROGRAM_USAGE}

Against a Perch that runs (perch COMMAND --help says more):
  perch watch                                  show new tickets as they come
  perch bulk-update                            change many tickets at once
  perch export                                 write the event log as JSON lines

Exit codes, and examples: docs/scripts.md.`

type Command = { readonly usage: string; readonly run: (args: string[]) => Promise<number> }

const COMMANDS: ReadonlyMap<string, () => Promise<Command>> = new Map(
  Object.entries({
    watch: async () => {
      const { watch, WATCH_USAGE } = await import('./watch.ts')
      return { usage: WATCH_USAGE, run: watch }
    },
    'bulk-update': async () => {
      const { bulkUpdate, BULK_UPDATE_USAGE } = await import('./bulk-update.ts')
      return { usage: BULK_UPDATE_USAGE, run: bulkUpdate }
    },
    export: async () => {
      const { exportLog, EXPORT_USAGE } = await import('./export.ts')
      return { usage: EXPORT_USAGE, run: exportLog }
    },
  }),
)

async function perch(name: string | undefined, args: string[]): Promise<number> {
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(`${USAGE}\n`)
    return EXIT.ok
  }
  const load = COMMANDS.get(name ?? '')
  if (name === undefined || !load) {
    say(name === undefined ? USAGE : `There is no command ${JSON.stringify(name)}.\n\n${USAGE}`)
    return EXIT.usage
  }
  const { usage, run } = await load()
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(`${usage}\n`)
    return EXIT.ok
  }
  try {
    return await run(args)
  } catch (error) {
    if (error instanceof CommandError) {
      say(error.message)
      return error.exitCode
    }
    if (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')) {
      say(`${error.message}\nSee perch ${name} --help.`)
      return EXIT.usage
    }
    throw error
  }
}

const [name, ...args] = process.argv.slice(2)
if (/^(start|migrate|rotate-secrets|token)$/.test(name ?? '')) {
  if (args.includes('--help') || args.includes('-h')) process.stdout.write(`${USAGE}\n`)
  else await import('../src/main.ts')
} else {
  // Whoever reads us has had enough, as in `perch watch | head`.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.ok)
    say(`Standard output: ${error.message}`)
    process.exit(EXIT.refused)
  })
  const code = await perch(name, args)
  // What was written is still on its way to a slow reader.
  process.stdout.write('', () => process.exit(code))
}
