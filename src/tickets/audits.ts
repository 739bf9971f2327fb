import { type LogEvent, readLogEvent } from '../domain/event.ts'
import { allOf, sql } from '../domain/sql.ts'
import type { Prisma } from '../generated/prisma/client.ts'

/* F74: a ticket's audits are its events in the log; nothing is written twice. */

/** Which of a ticket's events. Offsets are exclusive. */
export interface AuditRequest {
  readonly size: number
  readonly fromEnd: boolean
  readonly after?: number | undefined
  readonly before?: number | undefined
}

/** A page of one ticket's events, in the order of the log. */
export interface AuditPage {
  readonly epoch: string
  readonly events: readonly LogEvent[]
  /** Whether more follow, in the direction in which it was read. */
  readonly more: boolean
  /** False: the log was pruned beyond the ticket's beginning, and what was older is gone. */
  readonly complete: boolean
}

/** A page of each ticket, in two statements whatever their number. In the order of `ticketIds`. */
export async function readAudits(
  db: Prisma.TransactionClient,
  ticketIds: readonly string[],
  { size, fromEnd, after, before }: AuditRequest,
): Promise<AuditPage[]> {
  const bounds = allOf([
    sql`e.ticket_id = wanted.id`,
    ...(after === undefined ? [] : [sql`e."offset" > ${after}::bigint`]),
    ...(before === undefined ? [] : [sql`e."offset" < ${before}::bigint`]),
  ])
  const order = fromEnd ? sql`ORDER BY e."offset" DESC` : sql`ORDER BY e."offset"`
  const page = sql`
    SELECT found.* FROM unnest(${ticketIds}::uuid[]) AS wanted(id)
    CROSS JOIN LATERAL (
      SELECT e."offset", e.at, e.type, e.actor, e.data, e.ticket_id::text AS "ticketId"
      FROM event e WHERE ${bounds} ${order} LIMIT ${size + 1}::int) AS found
    ORDER BY found."offset"`
  const rows = await db.$queryRawUnsafe<EventRow[]>(page.text, ...page.values)
  const heads = await db.$queryRaw<{ id: string; epoch: string; complete: boolean | null }[]>`
    SELECT wanted.id::text AS id, (SELECT h.epoch FROM event_log_head h WHERE h.id = 1) AS epoch,
      (SELECT e.type FROM event e WHERE e.ticket_id = wanted.id ORDER BY e."offset" LIMIT 1) = 'ticket.created' AS complete
    FROM unnest(${ticketIds}::uuid[]) AS wanted(id)`
  const headOf = new Map(heads.map((head) => [head.id, head]))
  const byTicket = new Map<string, EventRow[]>(ticketIds.map((id) => [id, []]))
  for (const row of rows) byTicket.get(row.ticketId)?.push(row)
  return ticketIds.map((id) => {
    const found = byTicket.get(id) ?? []
    const more = found.length > size
    const cut = fromEnd ? found.slice(more ? 1 : 0) : found.slice(0, size)
    const head = headOf.get(id)
    return { epoch: head?.epoch ?? '', events: cut.map(readLogEvent), more, complete: head?.complete ?? false }
  })
}

interface EventRow {
  readonly offset: bigint
  readonly at: Date
  readonly type: string
  readonly actor: unknown
  readonly data: unknown
  readonly ticketId: string
}
