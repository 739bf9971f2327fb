import type { TicketSnapshot } from '../domain/event.ts'
import type { PatchFacts, TicketPatch } from '../domain/ticket.ts'
import type { Prisma } from '../generated/prisma/client.ts'

/** What a decision about patches asks besides the tickets. */
interface Questions {
  readonly actorId: string
  readonly patches: readonly Pick<TicketPatch, 'assigneeId' | 'groupId'>[]
  readonly tickets: readonly Pick<TicketSnapshot, 'assigneeId'>[]
}

/**
 * The facts that `decidePatch` wants, for one ticket or many. The groups named are held until the transaction ends: a
 * group is not deleted while a ticket is given to it. A reader that changes nothing need not `hold` them.
 */
export async function readPatchFacts(
  db: Prisma.TransactionClient,
  { actorId, patches, tickets }: Questions,
  hold = true,
): Promise<PatchFacts> {
  const given = (ids: readonly (string | null | undefined)[]) =>
    [...new Set(ids)].filter((id) => typeof id === 'string')
  const people = await db.user.findMany({
    where: {
      id: {
        in: given([
          actorId,
          ...patches.map(({ assigneeId }) => assigneeId),
          ...tickets.map((ticket) => ticket.assigneeId),
        ]),
      },
    },
    select: { id: true, role: true, active: true, memberships: { select: { groupId: true } } },
  })
  const named = given(patches.map(({ groupId }) => groupId))
  const groups = named.length === 0 ? [] : await (hold ? holdGroups(db, named) : findGroups(db, named))
  return {
    actorId,
    people: new Map(
      people.map(({ id, role, active, memberships }) => [
        id,
        { role, active, groupIds: memberships.map(({ groupId }) => groupId) },
      ]),
    ),
    groupIds: new Set(groups.map(({ id }) => id)),
  }
}

const findGroups = (db: Prisma.TransactionClient, ids: readonly string[]) =>
  db.group.findMany({ where: { id: { in: [...ids] }, deletedAt: null }, select: { id: true } })

const holdGroups = (db: Prisma.TransactionClient, ids: readonly string[]) => db.$queryRaw<{ id: string }[]>`
  SELECT id::text AS id FROM "group" WHERE id = ANY(${ids}::uuid[]) AND deleted_at IS NULL ORDER BY id FOR KEY SHARE`
