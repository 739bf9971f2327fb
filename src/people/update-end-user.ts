import type { UserError } from '../domain/errors.ts'
import { emailProblem, nameProblem, normaliseEmail, normaliseName } from '../domain/people.ts'
import type { ChangeScope, Store } from '../store/store.ts'
import { isEmailTaken } from './email-taken.ts'
import { lockPeople, tellOfPerson } from './lock-people.ts'
import type { UserOutcome } from './update-user.ts'

export interface EndUserPatch {
  /** Null: as it is. */
  readonly name?: string | null | undefined
  /** Null: none. */
  readonly email?: string | null | undefined
}

type Done = Omit<UserOutcome, 'position'>

const refusal = (code: UserError['code'], field: string, message: string): UserError => ({
  code,
  field: [field],
  message,
})

/** Changes what is known of an end user. Whether somebody may (F55) is the caller's to ask. */
export async function updateEndUser(
  store: Pick<Store, 'change'>,
  actorId: string,
  userId: string,
  patch: EndUserPatch,
): Promise<UserOutcome> {
  const { value, position } = await store.change({ kind: 'user', id: actorId }, async (scope): Promise<Done> => {
    const { db } = scope
    const person = (await lockPeople(scope, [userId])).get(userId)
    if (person?.role !== 'END_USER')
      return { userId: null, userErrors: [refusal('NOT_FOUND', 'id', 'There is no end user with this id.')] }
    const old = await db.user.findUniqueOrThrow({ where: { id: userId }, select: { name: true, email: true } })
    const name = patch.name == null ? old.name : normaliseName(patch.name)
    const email = typeof patch.email === 'string' ? normaliseEmail(patch.email) : (patch.email ?? null)
    const next = { name, email: patch.email === undefined ? old.email : email }
    const userErrors = await problems(scope, userId, old, next)
    if (userErrors.length > 0) return { userId, userErrors }
    const changed = (['name', 'email'] as const).filter((field) => next[field] !== old[field])
    if (changed.length === 0) return { userId, userErrors }
    await db.user.update({ where: { id: userId }, data: next })
    tellOfPerson(scope, person, changed)
    return { userId, userErrors }
  })
  return { ...value, position }
}

interface Known {
  readonly name: string
  readonly email: string | null
}

async function problems(scope: ChangeScope, userId: string, old: Known, next: Known): Promise<UserError[]> {
  const errors: UserError[] = []
  const name = next.name === old.name ? undefined : nameProblem(next.name)
  if (name) errors.push(refusal('INVALID_INPUT', 'name', name))
  if (next.email === null || next.email === old.email) return errors
  const email = emailProblem(next.email)
  if (email) return [...errors, refusal('INVALID_INPUT', 'email', email)]
  const taken = await isEmailTaken(scope, next.email, userId)
  return taken ? [...errors, refusal('EMAIL_TAKEN', 'email', 'Somebody else has this e-mail address.')] : errors
}
