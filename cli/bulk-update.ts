import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { type Api, createApi } from './api.ts'
import { confirm } from './bulk/confirm.ts'
import { followToEnd } from './bulk/follow-to-end.ts'
import { mutate, readJob } from './bulk/jobs.ts'
import { readPatch } from './bulk/patch.ts'
import { previewLines } from './bulk/preview.ts'
import { openReport } from './bulk/report.ts'
import { countTickets, readTargets } from './bulk/targets.ts'
import { lookUp } from './filter/look-up.ts'
import { CommandError, EXIT, say } from './outcome.ts'
import { readServer, SERVER_OPTIONS, SERVER_USAGE } from './server.ts'

export const BULK_UPDATE_USAGE = `Usage: perch bulk-update --filter FILTER [what to change] [options]
       perch bulk-update --watch JOB | --cancel JOB | --undo JOB [options]

Changes many tickets at once, and watches until all are done.

Which tickets:
  --filter FILTER          those that match now, such as 'channel:X_CORP status:OPEN tag:outage' (docs/filters.md)
  --ids FILE               those whose ids the file names, one a line, at most 1,000; - is standard input
  --all                    all that you see

What to change:
  --set FIELD=VALUE        status, priority, assignee, group or tags (a,b); none takes away the assignee, the group or
                           the tags. Can be repeated
  --add-tag TAG            adds a tag to those that they have. Can be repeated
  --remove-tag TAG         takes one away. Can be repeated
  --comment TEXT           adds a private note
  --reply TEXT             answers the customers, as they wrote
  --ticket-link            with a link to the ticket's page, where agents decide

Options:
  --dry-run                shows what would become of the tickets, and changes nothing
  --report FILE            writes the tickets that were left alone, or not taken back wholly, and why, as CSV
  --idempotency-key KEY    the same key never begins a second bulk update; if not given, a new one, which is printed
  --yes                    do not ask; without a terminal nobody is asked
${SERVER_USAGE}

Bulk updates that were begun:
  --watch JOB              watches one to its end
  --cancel JOB             stops one; what is done stays done
  --undo JOB               takes one back, but for notes, answers that were sent, and tickets changed since

Exit codes: 0 all done; 1 it could not be run, or Perch refused; 2 the command line or the filter is wrong;
3 some tickets were left alone, or not taken back wholly; 4 it was cancelled, or failed as a whole; 130 Ctrl-C: the bulk update goes on.`

const OPTIONS = {
  ...SERVER_OPTIONS,
  filter: { type: 'string' },
  ids: { type: 'string' },
  all: { type: 'boolean' },
  set: { type: 'string', multiple: true },
  'add-tag': { type: 'string', multiple: true },
  'remove-tag': { type: 'string', multiple: true },
  comment: { type: 'string' },
  reply: { type: 'string' },
  'ticket-link': { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  report: { type: 'string' },
  'idempotency-key': { type: 'string' },
  yes: { type: 'boolean' },
  watch: { type: 'string' },
  cancel: { type: 'string' },
  undo: { type: 'string' },
} as const

const read = (args: string[]) => parseArgs({ args, options: OPTIONS }).values
type Values = ReturnType<typeof read>

/** Tickets that are changed without a question, on a terminal too. */
const UNASKED = 100
/** How long a lost answer is asked for again: as long as a restart of Perch takes, and some. */
const PATIENCE_MS = 60_000

/** `perch bulk-update`. Gives the exit code; throws CommandError. */
export async function bulkUpdate(args: string[]): Promise<number> {
  const values = read(args)
  const begunBefore = (['watch', 'cancel', 'undo'] as const).filter((option) => values[option] !== undefined)
  if (begunBefore.length === 0) return begin(values)
  const allowed: readonly string[] = [...begunBefore, 'url', 'token', 'report']
  const other = Object.keys(values).find((option) => !allowed.includes(option))
  if (other !== undefined || begunBefore.length > 1)
    throw new CommandError('--watch, --cancel and --undo stand alone.', EXIT.usage)
  if (values.cancel !== undefined && values.report !== undefined)
    throw new CommandError('--report goes with what is watched to its end; --cancel is not.', EXIT.usage)
  const server = readServer(values)
  const api = createApi(server)
  if (values.cancel !== undefined) {
    const { job } = await mutate(api, 'cancelBulkUpdate', { id: values.cancel })
    process.stdout.write(`Bulk update ${job.id} is ${job.status}: ${job.done} of ${job.total} tickets were tried.\n`)
    return EXIT.ok
  }
  const report = values.report === undefined ? undefined : await openReport(values.report)
  const begun = await (values.undo === undefined
    ? readJob(api, values.watch ?? '')
    : mutate(api, 'undoBulkUpdate', { id: values.undo }))
  return followToEnd(api, server, begun, report)
}

async function begin(values: Values): Promise<number> {
  const targets = await readTargets(values)
  const patch = readPatch(values)
  const server = readServer(values)
  const api = createApi(server)
  const directory = await lookUp(api, [...targets.names, ...patch.names])
  const target = targets.toInput(directory)
  const input = { ...target, patch: patch.toInput(directory) }
  if (values['dry-run']) {
    process.stdout.write(`${(await previewLines(api, input)).join('\n')}\n`)
    return EXIT.ok
  }
  // Asked before anything could begin: whoever has the wrong address learns it at once, and for certain.
  await api.ask(z.object({ viewer: z.object({ id: z.string() }) }), '{ viewer { id } }')
  if (!values.yes) await ask(api, target, input.patch.reply !== undefined)
  const report = values.report === undefined ? undefined : await openReport(values.report)
  const idempotencyKey = values['idempotency-key'] ?? randomUUID()
  if (values['idempotency-key'] === undefined) say(`Idempotency key: ${idempotencyKey}`)
  const trouble = () => say('No answer; asking again with the same key…')
  const begun = await mutate(
    api,
    'bulkUpdateTickets',
    { ...input, idempotencyKey },
    { patienceMs: PATIENCE_MS, onTrouble: trouble },
  ).catch((error: unknown) => {
    if (!(error instanceof CommandError) || !/^No answer/.test(error.message)) throw error
    throw new CommandError(
      `${error.message}\nWhether it has begun is not known: run it again with --idempotency-key ${idempotencyKey}, and it begins once.`,
    )
  })
  return followToEnd(api, server, begun, report)
}

/** Many tickets, or words to customers, on a terminal: whoever sits there says yes first. */
async function ask(api: Api, target: Parameters<typeof countTickets>[1], reply: boolean): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return
  const count = await countTickets(api, target)
  if (count === 0 || (count <= UNASKED && !reply)) return
  const tickets = `${count.toLocaleString('en')} ${count === 1 ? 'ticket' : 'tickets'}`
  await confirm(reply ? `This changes ${tickets} and answers the customers. Go on?` : `This changes ${tickets}. Go on?`)
}
