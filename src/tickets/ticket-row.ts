import type { TicketSnapshot } from '../domain/event.ts'
import { Prisma } from '../generated/prisma/client.ts'

/** The columns of a row of `ticket` named t that its snapshot is made of, under the snapshot's names. */
export const SNAPSHOT_COLUMNS = Prisma.sql`
  t.id::text AS id, t.number, t.status::text AS status, t.priority::text AS priority, t.channel::text AS channel,
  t.account_id::text AS "accountId", t.requester_id::text AS "requesterId", t.assignee_id::text AS "assigneeId",
  t.group_id::text AS "groupId", t.tags`

/** A row of these columns is a snapshot. */
export type SnapshotRow = TicketSnapshot
