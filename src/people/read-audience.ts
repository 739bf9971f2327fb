import type { Position } from '../domain/position.ts'
import type { Audience } from '../domain/visibility.ts'
import type { Prisma } from '../generated/prisma/client.ts'

/** An audience, and the place in the log that it was read at: what the log says later of the person is newer. */
export interface AudienceAsOf extends Audience {
  readonly asOf: Position
  /** Sessions of the requester's page that carry another one are over. */
  readonly sessionGeneration: number
}

interface Row extends Omit<AudienceAsOf, 'userId' | 'asOf'> {
  readonly id: string
  readonly epoch: string
  readonly head: bigint
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** What somebody may see now; null when there is no such person (the id may be any text), or they may not sign in. */
export async function readAudience(
  db: Pick<Prisma.TransactionClient, '$queryRaw'>,
  userId: string,
): Promise<AudienceAsOf | null> {
  if (!UUID.test(userId)) return null
  // One statement is one snapshot: the person and the log's head belong together.
  const [row] = await db.$queryRaw<Row[]>`
    SELECT u.id::text AS id, u.role::text AS role, u.ticket_access::text AS "ticketAccess",
      ARRAY(SELECT m.group_id::text FROM group_membership m WHERE m.user_id = u.id ORDER BY 1) AS "groupIds",
      u.session_generation AS "sessionGeneration", h.epoch, h.head
    FROM "user" u CROSS JOIN event_log_head h
    WHERE u.id = ${userId}::uuid AND u.active AND h.id = 1`
  if (!row) return null
  const { id, epoch, head, ...rest } = row
  return { userId: id, ...rest, asOf: { epoch, offset: Number(head) } }
}
