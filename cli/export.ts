import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { createApi } from './api.ts'
import { connect } from './connection.ts'
import { filterFrom } from './filter/filter-option.ts'
import { followLog, PositionExpired } from './follow-log.ts'
import { CommandError, EXIT, say } from './outcome.ts'
import { readServer, SERVER_OPTIONS, SERVER_USAGE } from './server.ts'
import { sinkOf } from './sink.ts'

export const EXPORT_USAGE = `Usage: perch export --after POSITION [options]

Writes what happened to tickets as JSON lines to standard output: in order, each event once, without gaps.

  --after POSITION         begin behind this position, as of the last line of the last export;
                           start: with the oldest event that is kept
  --follow                 go on with what comes; if not given: until the end of the log as it is now
  --filter FILTER          only tickets that match, such as 'channel:X_CORP tag:outage' (docs/filters.md)
  --quiet                  say nothing at the end
${SERVER_USAGE}

Exit codes: 0 all was written, or the reader has had enough; 1 it could not be, or the position has expired;
2 the command line or the filter is wrong. What was written until then is whole: go on behind its last line.`

const payload = z.object({
  ticketEvents: z.object({
    position: z.string(),
    at: z.string(),
    type: z.string(),
    actor: z
      .object({
        kind: z.string(),
        userId: z.string().nullable(),
        part: z.string().nullable(),
        bulkUpdateId: z.string().nullable(),
      })
      .nullable(),
    ticketId: z.string().nullable(),
    ticketNumber: z.number().nullable(),
    commentId: z.string().nullable(),
    changes: z.array(z.object({ field: z.string(), before: z.unknown(), after: z.unknown() })),
    mergedIntoId: z.string().nullable(),
    mergedSourceIds: z.array(z.string()),
    snapshot: z.record(z.string(), z.unknown()).nullable(),
  }),
})

// What stands in the log itself: nothing is read anew for any of it, so that it does not take long.
const EVENTS = `subscription ($after: Position, $until: Position, $filter: TicketEventFilter) {
  ticketEvents(after: $after, until: $until, filter: $filter) {
    position at type actor { kind userId part bulkUpdateId } ticketId ticketNumber commentId
    changes { field before after } mergedIntoId mergedSourceIds
    snapshot { status priority channel accountId requesterId assigneeId groupId tags }
  }
}`

const PAUSE_MS = 1_000

const extent = z.object({ eventLog: z.object({ start: z.string(), end: z.string() }) })

/** `perch export`. Gives the exit code; throws CommandError or FilterError. */
export async function exportLog(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      ...SERVER_OPTIONS,
      after: { type: 'string' },
      follow: { type: 'boolean', default: false },
      filter: { type: 'string' },
      quiet: { type: 'boolean', default: false },
    },
  })
  if (values.after === undefined)
    throw new CommandError('Say where to begin: --after POSITION, or --after start.', EXIT.usage)
  const server = readServer(values)
  const api = createApi(server)
  const filter = values.filter === undefined ? undefined : await filterFrom(api, values.filter, { live: true })
  const { eventLog } = await api.ask(extent, '{ eventLog { start end } }')
  const sink = sinkOf(process.stdout)
  const client = connect({ server, say, onSocket: sink.onSocket, ready: sink.drained })
  let position = values.after === 'start' ? eventLog.start : values.after
  let written = 0
  try {
    do {
      await followLog(client, {
        query: EVENTS,
        variables: { filter, until: values.follow ? null : eventLog.end },
        after: position,
        whole: true,
        take: (data) => {
          const event = payload.parse(data).ticketEvents
          // With the place of the line before, whoever reads the lines can prove that none is missing.
          sink.write(JSON.stringify({ ...event, after: position }))
          position = event.position
          written++
          return event
        },
      }).catch(explain)
      if (values.follow) await sleep(PAUSE_MS)
    } while (values.follow)
  } finally {
    await client.dispose()
  }
  if (!values.quiet)
    say(`${written.toLocaleString('en')} ${written === 1 ? 'event' : 'events'}. Go on with --after ${eventLog.end}`)
  return EXIT.ok
}

function explain(error: unknown): never {
  if (!(error instanceof PositionExpired)) throw error
  const [why] = error.message.split('. ')
  throw new CommandError(
    `${why?.replace(/\.$/, '')}: what came after it cannot be told without gaps. Begin anew with --after start.`,
  )
}
