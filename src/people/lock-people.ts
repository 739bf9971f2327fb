import type { TicketAccess } from '../domain/ticket-access.ts'
import type { Role } from '../domain/visibility.ts'
import type { ChangeScope } from '../store/store.ts'

/** Somebody whom nobody else changes until the transaction ends. */
export interface LockedPerson {
  readonly id: string
  readonly role: Role
  readonly active: boolean
  readonly ticketAccess: TicketAccess
  readonly groupIds: readonly string[]
  readonly hasEmail: boolean
}

/**
 * Locks people, in the order of their ids, and reads them. Not against references (NO KEY): tickets are opened for
 * them and assigned to them all the while. Whoever changes a membership locks its person first, so that the log tells
 * of one person's groups in the order in which they changed.
 */
export async function lockPeople(
  { db }: ChangeScope,
  ids: readonly string[],
): Promise<ReadonlyMap<string, LockedPerson>> {
  await db.$queryRaw`SELECT id FROM "user" WHERE id = ANY(${ids}::uuid[]) ORDER BY id FOR NO KEY UPDATE`
  // In a statement of its own: the one that waited for the locks still has the old memberships before it.
  const people = await db.$queryRaw<LockedPerson[]>`
    SELECT u.id::text AS id, u.role::text AS role, u.active, u.ticket_access::text AS "ticketAccess",
      u.email IS NOT NULL AS "hasEmail",
      ARRAY(SELECT m.group_id::text FROM group_membership m WHERE m.user_id = u.id ORDER BY 1) AS "groupIds"
    FROM "user" u WHERE u.id = ANY(${ids}::uuid[])`
  return new Map(people.map((person) => [person.id, person]))
}

/** Of these groups, those that exist; none of them is deleted before the transaction ends. Lock them before people. */
export async function holdGroups({ db }: ChangeScope, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set()
  const found = await db.$queryRaw<{ id: string }[]>`
    SELECT id::text AS id FROM "group" WHERE id = ANY(${ids}::uuid[]) AND deleted_at IS NULL ORDER BY id FOR KEY SHARE`
  return new Set(found.map(({ id }) => id))
}

/** Says in the log what somebody may do from now on. */
export function tellOfPerson(
  { emit }: ChangeScope,
  { id, role, active, ticketAccess, groupIds }: Omit<LockedPerson, 'hasEmail'>,
  changed: readonly string[],
): void {
  emit({
    type: 'user.updated',
    userId: id,
    role,
    active,
    ticketAccess,
    groupIds: [...groupIds],
    changed: [...changed],
  })
}
