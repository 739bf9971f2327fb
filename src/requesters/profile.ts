import { v7 as uuid } from 'uuid'
import type { UserError, UserErrorCode } from '../domain/errors.ts'
import { CONFIRMATIONS_A_DAY, readEmail, readName } from '../domain/profile.ts'
import type { ChangeScope, Store } from '../store/store.ts'
import type { ConfirmTokens } from './confirm-tokens.ts'
import { CONFIRMATION_JOB } from './confirmation-mail.ts'
import type { ProfileOutcome, ProfilePatch, Profiles } from './requesters.ts'

/*
 * What requesters change of themselves (F53). An e-mail address counts once the link of a mail to it was followed by the
 * same person, signed in: so nobody gets answers that are another's, and nobody's mailbox is given to a stranger.
 */

const TTL_HOURS = 24

export function createProfiles(services: {
  readonly store: Pick<Store, 'change' | 'prisma'>
  readonly tokens: Pick<ConfirmTokens, 'read'>
}): Profiles {
  const { store, tokens } = services

  async function change(
    userId: string,
    work: (scope: ChangeScope) => Promise<readonly UserError[]>,
  ): Promise<ProfileOutcome> {
    const { value, position } = await store.change({ kind: 'requester', id: userId }, work)
    return { userErrors: value, position }
  }

  return {
    update: (userId, patch) => change(userId, (scope) => update(scope, userId, patch)),

    async confirmEmail(userId, token) {
      const read = await tokens.read(token)
      return change(userId, async (scope) =>
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
  const { db } = scope
  const errors: UserError[] = []
  const name = patch.name == null ? undefined : readName(patch.name)
  if (name && 'problem' in name) errors.push(refusal('INVALID_INPUT', 'name', name.problem))
  const email = patch.email == null ? patch.email : readEmail(patch.email)
  if (email && 'problem' in email) errors.push(refusal('INVALID_INPUT', 'email', email.problem))
  if (errors.length > 0) return errors

  const user = await lockUser(scope, userId)
  if (email && 'email' in email && email.email !== user.email?.toLowerCase()) {
    if (await tooMany(scope, userId)) {
      return [refusal('TOO_MANY_TRIES', 'email', `At most ${CONFIRMATIONS_A_DAY} e-mails are sent within a day.`)]
    }
    await begin(scope, userId, email.email)
  } else if (email !== undefined) {
    // The address as it is, or none: whatever waited to be confirmed is not wanted any more.
    await end(scope, userId)
  }
  const data = { ...(name && 'name' in name && { name: name.name }), ...(email === null && { email: null }) }
  if (Object.keys(data).length > 0) await db.user.update({ where: { id: userId }, data })
  return []
}

async function lockUser({ db }: ChangeScope, userId: string): Promise<{ email: string | null }> {
  const [user] = await db.$queryRaw<{ email: string | null }[]>`
    SELECT email FROM "user" WHERE id = ${userId}::uuid FOR UPDATE`
  if (!user) throw new Error('the user who is signed in is not there')
  return user
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
  const { db } = scope
  await lockUser(scope, userId)
  const [open] = await db.$queryRaw<{ email: string }[]>`
    SELECT email FROM email_confirmation
    WHERE id = ${id}::uuid AND user_id = ${userId}::uuid AND ended_at IS NULL AND expires_at > clock_timestamp()`
  if (!open) return [LINK_INVALID]
  // Said to those only who have shown that they read its mail.
  const taken = await db.user.count({
    where: { id: { not: userId }, email: { equals: open.email, mode: 'insensitive' } },
  })
  if (taken > 0) return [refusal('EMAIL_TAKEN', 'token', 'This e-mail address is somebody else’s here.')]
  await end(scope, userId)
  await db.user.update({ where: { id: userId }, data: { email: open.email } })
  return []
}
