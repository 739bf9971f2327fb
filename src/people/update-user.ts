import type { UserError } from '../domain/errors.ts'
import { decideUserPatch, type UserPatch } from '../domain/people.ts'
import type { Position } from '../domain/position.ts'
import type { Store } from '../store/store.ts'
import { holdGroups, lockPeople, tellOfPerson } from './lock-people.ts'

/** What became of what an administrator wanted done with somebody. With userErrors, nothing was changed. */
export interface UserOutcome {
  /** Null when there is no such person. */
  readonly userId: string | null
  readonly userErrors: readonly UserError[]
  /** The log position that includes the change. */
  readonly position: Position
}

/**
 * Changes what somebody may do. Their sessions and subscriptions follow. Tickets stay assigned to whom they are
 * assigned; a patch that changes nothing leaves no event.
 */
export async function updateUser(
  store: Pick<Store, 'change'>,
  administratorId: string,
  userId: string,
  patch: UserPatch,
): Promise<UserOutcome> {
  const { value, position } = await store.change(
    { kind: 'user', id: administratorId },
    async (scope): Promise<Omit<UserOutcome, 'position'>> => {
      const { db } = scope
      const groupIds = await holdGroups(scope, patch.groupIds ?? [])
      // All administrators, so that two of them cannot each make the other the last one.
      const administrators = await db.user.findMany({ where: { role: 'ADMIN', active: true }, select: { id: true } })
      const people = await lockPeople(scope, [userId, ...administrators.map(({ id }) => id)])
      const person = people.get(userId)
      if (!person) {
        const message = 'There is no user with this id.'
        return { userId: null, userErrors: [{ code: 'NOT_FOUND', field: ['id'], message }] }
      }
      const anotherAdministrator = [...people.values()].some(
        ({ id, role, active }) => id !== userId && role === 'ADMIN' && active,
      )
      const decision = decideUserPatch(person, patch, { groupIds, anotherAdministrator, hasEmail: person.hasEmail })
      if (decision.userErrors) return { userId, userErrors: decision.userErrors }
      const { next, changed } = decision
      if (changed.length === 0) return { userId, userErrors: [] }
      const { role, active, ticketAccess } = next
      await db.user.update({ where: { id: userId }, data: { role, active, ticketAccess } })
      if (changed.includes('groupIds')) {
        await db.groupMembership.deleteMany({ where: { userId, groupId: { notIn: [...next.groupIds] } } })
        const data = next.groupIds.map((groupId) => ({ userId, groupId }))
        await db.groupMembership.createMany({ data, skipDuplicates: true })
      }
      tellOfPerson(scope, { id: userId, ...next }, changed)
      return { userId, userErrors: [] }
    },
  )
  return { ...value, position }
}
