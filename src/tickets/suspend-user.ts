import type { UserError } from '../domain/errors.ts'
import type { Position } from '../domain/position.ts'
import type { ChangeScope, Store } from '../store/store.ts'

/** What became of a suspension. With userErrors, nothing was changed. */
export interface SuspensionOutcome {
  /** Null when there is no such person. */
  readonly userId: string | null
  readonly userErrors: readonly UserError[]
  readonly position: Position
}

/**
 * Suspends an end user, or lets them in again (F69). Suspended is one thing everywhere: `active` is false. They cannot
 * sign in; their public posts wait among the incoming ones (AUTHOR_SUSPENDED), their messages are left alone.
 */
export async function suspendUser(
  store: Pick<Store, 'change'>,
  actorId: string,
  userId: string,
  suspended: boolean,
): Promise<SuspensionOutcome> {
  const { value, position } = await store.change({ kind: 'user', id: actorId }, async (scope) => {
    const refused = await setSuspended(scope, userId, suspended)
    return { userId: refused?.code === 'NOT_FOUND' ? null : userId, userErrors: refused ? [refused] : [] }
  })
  return { ...value, position }
}

/** The same within another change. Returns what is wrong, if anything is. */
export async function setSuspended(
  { db }: ChangeScope,
  userId: string,
  suspended: boolean,
): Promise<UserError | undefined> {
  const [user] = await db.$queryRaw<{ role: string }[]>`
    SELECT role::text AS role FROM "user" WHERE id = ${userId}::uuid FOR NO KEY UPDATE`
  if (!user) return { code: 'NOT_FOUND', field: ['userId'], message: 'There is no user with this id.' }
  if (user.role !== 'END_USER') {
    const message = 'Only end users can be suspended; people of the team are deactivated by an administrator.'
    return { code: 'NOT_AN_END_USER', field: ['userId'], message }
  }
  await db.user.updateMany({ where: { id: userId, active: suspended }, data: { active: !suspended } })
  return undefined
}
