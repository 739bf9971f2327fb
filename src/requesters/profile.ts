import { v7 as uuid } from 'uuid'
import type { UserError, UserErrorCode } from '../domain/errors.ts'
import { emailProblem, nameProblem, normaliseEmail, normaliseName } from '../domain/people.ts'
import { isEmailTaken } from '../people/email-taken.ts'
import { lockPeople, tellOfPerson } from '../people/lock-people.ts'
import type { ChangeScope, Store } from '../store/store.ts'
import type { ConfirmTokens } from './confirm-tokens.ts'
import { CONFIRMATION_JOB } from './confirmation-mail.ts'
import type { ProfileOutcome, ProfilePatch, Profiles } from './requesters.ts'

/*
 * What requesters change of themselves (F53). An e-mail address counts once the link of a mail to it was followed by the
 * same person, signed in: so nobody gets answers that are another's, and nobody's mailbox is given to a stranger.
 */

const TTL_HOURS = 24
/** Mails that one person may have sent to addresses that they have not confirmed, within a day. */
const CONFIRMATIONS_A_DAY = 5

export function createProfiles(services: {
  readonly store: Pick<Store, 'change' | 'prisma'>
  readonly tokens: Pick<ConfirmTokens, 'read'>
}): Profiles {
  const { store, tokens } = services

  async function inChange(
    userId: string,
    work: (scope: ChangeScope) => Promise<readonly UserError[]>,
  ): Promise<ProfileOutcome> {
    const { value, position } = await store.change({ kind: 'requester', id: userId }, work)
    return { userErrors: value, position }
  }

  return {
    update: (userId, patch) => inChange(userId, (scope) => update(scope, userId, patch)),

    async confirmEmail(userId, token) {
      const read = await tokens.read(token)
      return inChange(userId, async (scope) =>
        read?.userId === userId ? confirm(scope, userId, read.confirmationId) : [LINK_INVALID],
      )
    },

    async unconfirmedEmail(userId) {
      const [open] = await store.prisma.$queryRaw<{ email: string }[]>`
        SELECT email FROM email_confirmation
        WHERE user_id = ${userId}::uuid AND ended_at IS NULL AND expires_at > clock_timestamp()`
      return open?.email ?? null
    },
  }
}

const refusal = (code: UserErrorCode, field: string, message: string): UserError => ({ code, field: [field], message })
const LINK_INVALID = refusal('EMAIL_LINK_INVALID', 'token', 'This link is not yours, too old, or was replaced.')

async function update(scope: ChangeScope, userId: string, patch: ProfilePatch): Promise<readonly UserError[]> {
  const name = patch.name == null ? undefined : normaliseName(patch.name)
  const email = patch.email == null ? patch.email : normaliseEmail(patch.email)
  const errors: UserError[] = []
  const wrongName = name === undefined ? undefined : nameProblem(name)
  if (wrongName) errors.push(refusal('INVALID_INPUT', 'name', wrongName))
  const wrongEmail = email == null ? undefined : emailProblem(email)
  if (wrongEmail) errors.push(refusal('INVALID_INPUT', 'email', wrongEmail))
  if (errors.length > 0) return errors

  const old = await lockUser(scope, userId)
  if (email != null && email !== old.email?.toLowerCase()) {
    if (await tooMany(scope, userId)) {
      return [refusal('TOO_MANY_TRIES', 'email', `At most ${CONFIRMATIONS_A_DAY} e-mails are sent within a day.`)]
    }
    await begin(scope, userId, email)
  } else if (email !== undefined) {
    // The address as it is, or none: whatever waited to be confirmed is not wanted any more.
    await end(scope, userId)
  }
  await change(scope, userId, old, { name: name ?? old.name, email: email === null ? null : old.email })
  if (patch.signOutEverywhere === true) await endSessions(scope, userId)
  return []
}

async function endSessions(scope: ChangeScope, userId: string): Promise<void> {
  const person = (await lockPeople(scope, [userId])).get(userId)
  if (!person) return
  await scope.db.user.update({ where: { id: userId }, data: { sessionGeneration: { increment: 1 } } })
  tellOfPerson(scope, person, ['sessions'])
}

interface Known {
  readonly name: string
  readonly email: string | null
}

async function change(scope: ChangeScope, userId: string, old: Known, next: Known): Promise<void> {
  const changed = (['name', 'email'] as const).filter((field) => next[field] !== old[field])
  const person = (await lockPeople(scope, [userId])).get(userId)
  if (changed.length === 0 || !person) return
  await scope.db.user.update({ where: { id: userId }, data: next })
  tellOfPerson(scope, person, changed)
}

async function lockUser(scope: ChangeScope, userId: string): Promise<Known> {
  await lockPeople(scope, [userId])
  return scope.db.user.findUniqueOrThrow({ where: { id: userId }, select: { name: true, email: true } })
}

async function tooMany({ db }: ChangeScope, userId: string): Promise<boolean> {
  const [row] = await db.$queryRaw<{ count: number }[]>`
    SELECT count(*)::int AS count FROM email_confirmation
    WHERE user_id = ${userId}::uuid AND created_at > clock_timestamp() - interval '1 day'`
  return (row?.count ?? 0) >= CONFIRMATIONS_A_DAY
}

async function begin(scope: ChangeScope, userId: string, email: string): Promise<void> {
  const { db, enqueue } = scope
  await end(scope, userId)
  const confirmationId = uuid()
  await db.$executeRaw`
    INSERT INTO email_confirmation (id, user_id, email, expires_at)
    VALUES (${confirmationId}::uuid, ${userId}::uuid, ${email}, clock_timestamp() + ${TTL_HOURS} * interval '1 hour')`
  enqueue({ name: CONFIRMATION_JOB, payload: { confirmationId }, key: `${CONFIRMATION_JOB}/${confirmationId}` })
}

async function end({ db }: ChangeScope, userId: string): Promise<void> {
  await db.$executeRaw`
    UPDATE email_confirmation SET ended_at = clock_timestamp() WHERE user_id = ${userId}::uuid AND ended_at IS NULL`
}

async function confirm(scope: ChangeScope, userId: string, id: string): Promise<readonly UserError[]> {
  const old = await lockUser(scope, userId)
  const [open] = await scope.db.$queryRaw<{ email: string }[]>`
    SELECT email FROM email_confirmation
    WHERE id = ${id}::uuid AND user_id = ${userId}::uuid AND ended_at IS NULL AND expires_at > clock_timestamp()`
  if (!open) return [LINK_INVALID]
  // Said to those only who have shown that they read its mail.
  if (await isEmailTaken(scope, open.email, userId)) {
    return [refusal('EMAIL_TAKEN', 'token', 'Somebody else has this e-mail address.')]
  }
  await end(scope, userId)
  await change(scope, userId, old, { ...old, email: open.email })
  return []
}
