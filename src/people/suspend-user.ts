import type { UserError } from '../domain/errors.ts'
import type { ChangeScope, Store } from '../store/store.ts'
import { lockPeople, tellOfPerson } from './lock-people.ts'
import type { UserOutcome } from './update-user.ts'

/**
 * Suspends an end user, or lets them in again (F69). Suspended is one thing everywhere: `active` is false. They cannot
 * sign in; their public posts wait among the incoming ones (AUTHOR_SUSPENDED), their messages are left alone. Whether
 * somebody may (F55) is the caller's to ask.
 */
export async function suspendUser(
  store: Pick<Store, 'change'>,
  actorId: string,
  userId: string,
  suspended: boolean,
): Promise<UserOutcome> {
  const { value, position } = await store.change({ kind: 'user', id: actorId }, async (scope) => {
    const refused = await setSuspended(scope, userId, suspended)
    return { userId: refused?.code === 'NOT_FOUND' ? null : userId, userErrors: refused ? [refused] : [] }
  })
  return { ...value, position }
}

/** The same within another change. Returns what is wrong, if anything is. */
export async function setSuspended(
  scope: ChangeScope,
  userId: string,
  suspended: boolean,
): Promise<UserError | undefined> {
  const person = (await lockPeople(scope, [userId])).get(userId)
  if (!person) return { code: 'NOT_FOUND', field: ['userId'], message: 'There is no user with this id.' }
  if (person.role !== 'END_USER') {
    const message = 'Only end users can be suspended; people of the team are deactivated by an administrator.'
    return { code: 'NOT_AN_END_USER', field: ['userId'], message }
  }
  const active = !suspended
  if (person.active === active) return undefined
  await scope.db.user.update({ where: { id: userId }, data: { active } })
  tellOfPerson(scope, { ...person, active }, ['active'])
  return undefined
}
