import { z } from 'zod'
import { PerchError } from '../domain/errors.ts'
import type { LogEvent } from '../domain/event.ts'
import { type AuditPage, type AuditRequest, readAudits } from '../tickets/audits.ts'
import { ActorRef } from './actor.ts'
import { AuditEvent, piecesOf } from './audit-events.ts'
import { createBatch } from './batch.ts'
import { builder } from './builder.ts'
import type { Context } from './context.ts'
import type { LiveEvent } from './live.ts'
import { placeInLog } from './live-fields.ts'
import { type PageArgs, pageSize } from './paging/page-args.ts'
import { TicketRef } from './ticket.ts'
import type { TicketEventBody } from './ticket-event-filter.ts'
import { viewerOf } from './viewer.ts'

/* F74: who did what to a ticket, and when, out of the event log. */

const Audit = builder.objectRef<LiveEvent>('Audit').implement({
  description: 'Something that was done to a ticket, out of the event log.',
  fields: (t) => ({
    ...placeInLog(t),
    actor: t.field({ type: ActorRef, description: 'Who did it.', resolve: (live) => live }),
    events: t.field({
      type: [AuditEvent],
      description: 'What was done. Empty for what a newer version of the program has written.',
      resolve: ({ event: { body } }) => ('ticket' in body ? piecesOf(body satisfies TicketEventBody) : []),
    }),
  }),
})

builder.prismaObjectField(TicketRef, 'audits', (t) =>
  t.connection(
    {
      type: Audit,
      authScopes: { staff: true },
      description: 'What was done to it, the oldest first. For agents and administrators.',
      resolve: async (ticket, args, context) => {
        const request = requestOf(args)
        const page = await batchFor(context, request)(ticket.id)
        const audience = viewerOf(context)
        const { epoch } = page
        const edges = page.events.map((event) => ({ node: { epoch, event, audience }, cursor: cursorOf(event) }))
        const { fromEnd, after, before } = request
        return {
          edges,
          complete: page.complete,
          pageInfo: {
            hasNextPage: fromEnd ? before !== undefined : page.more,
            hasPreviousPage: fromEnd ? page.more : after !== undefined,
            startCursor: edges[0]?.cursor ?? null,
            endCursor: edges.at(-1)?.cursor ?? null,
          },
        }
      },
    },
    {
      name: 'AuditConnection',
      description: 'A page of a ticket’s audits.',
      fields: (f) => ({
        complete: f.boolean({
          description: 'False: the log no longer reaches back to the ticket’s beginning, and what was older is gone.',
          resolve: ({ complete }) => complete,
        }),
      }),
    },
    { name: 'AuditEdge', description: 'An audit, and its place among the ticket’s.' },
  ),
)

const batches = new WeakMap<Context, Map<string, (ticketId: string) => Promise<AuditPage>>>()

/** Reads the pages that one operation asks for together. */
function batchFor(context: Context, request: AuditRequest): (ticketId: string) => Promise<AuditPage> {
  const known = batches.get(context) ?? new Map<string, (ticketId: string) => Promise<AuditPage>>()
  batches.set(context, known)
  const key = JSON.stringify(request)
  const batch = known.get(key) ?? createBatch((ids: readonly string[]) => readAudits(context.prisma, ids, request))
  known.set(key, batch)
  return batch
}

function requestOf(args: PageArgs): AuditRequest {
  return { ...pageSize(args), after: offsetOf(args.after), before: offsetOf(args.before) }
}

/** A cursor is the offset in the log, which never changes. */
const cursorOf = ({ offset }: LogEvent): string => Buffer.from(`audit:${offset}`).toString('base64url')

const Cursor = z.string().regex(/^audit:[0-9]{1,15}$/)

function offsetOf(cursor: string | null | undefined): number | undefined {
  if (typeof cursor !== 'string') return undefined
  const text = Cursor.safeParse(Buffer.from(cursor, 'base64url').toString('utf8'))
  if (!text.success) throw new PerchError('BAD_REQUEST', 'This is not a cursor that came from here.')
  return Number(text.data.slice('audit:'.length))
}
