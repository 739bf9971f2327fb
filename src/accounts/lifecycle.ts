import { v7 as uuid } from 'uuid'
import type { Account } from '../generated/prisma/client.ts'
import type { ChangeScope, Store } from '../store/store.ts'
import { UnsealError, type Vault } from '../store/vault.ts'
import { lockAccount, lockWorkspace } from './lock-account.ts'
import { type Done, NO_ACCOUNT, type Outcome, refusal } from './outcome.ts'
import { revocationPlace, tokenPlace } from './sealed-places.ts'

/*
 * Switching off, on, and letting go (F6, F7). Ingestion hears of it by the event, in every process.
 */

export interface Lifecycle {
  /** F6: no tickets, no answers, until it is switched on again. Nothing is forgotten. */
  deactivate(userId: string, accountId: string): Promise<Outcome>
  /** F6: at work again from now on: what was said meanwhile is history, not tickets. */
  reactivate(userId: string, accountId: string): Promise<Outcome>
  /** F7: tokens and keys are erased and ended at X; tickets and their history stay. `screenName` typed confirms it. */
  unlink(userId: string, accountId: string, screenName: string): Promise<Outcome>
}

type Deed = (scope: ChangeScope, account: Account, now: Date) => Promise<Done>

export function createLifecycle({ store, vault }: { store: Pick<Store, 'change'>; vault: Vault }): Lifecycle {
  /** With the account locked, by the database's clock. */
  async function change(userId: string, accountId: string, deed: Deed): Promise<Outcome> {
    const { value, position } = await store.change({ kind: 'user', id: userId }, async (scope) => {
      await lockWorkspace(scope.db)
      const account = await lockAccount(scope.db, accountId)
      if (!account) return NO_ACCOUNT
      const [row] = await scope.db.$queryRaw<{ now: Date }[]>`SELECT now() AS now`
      return deed(scope, account, row?.now ?? new Date())
    })
    return { ...value, position }
  }

  const deactivate: Deed = async ({ db, emit }, { id, status, deactivatedAt }, now) => {
    if (deactivatedAt) return { accountId: id, userErrors: [] }
    // A deauthorized account stays that; it comes back switched off.
    const next = status === 'ACTIVE' ? ('DEACTIVATED' as const) : status
    await db.account.update({ where: { id }, data: { status: next, deactivatedAt: now } })
    emit({ type: 'account.updated', accountId: id, changed: ['status'], what: 'DEACTIVATED' })
    return { accountId: id, userErrors: [] }
  }

  const reactivate: Deed = async ({ db, emit }, { id, status, deactivatedAt }, now) => {
    if (!deactivatedAt) {
      if (status === 'ACTIVE') return { accountId: id, userErrors: [] }
      return refusal(id, 'ACCOUNT_DEAUTHORIZED', ['accountId'], 'X no longer lets this account in: authorize it anew.')
    }
    const next = status === 'DEACTIVATED' ? ('ACTIVE' as const) : status
    await db.account.update({
      where: { id },
      data: { status: next, deactivatedAt: null, capturesFrom: now, lastTrafficAt: now, inactivityWarnedDays: 0 },
    })
    await db.sourceCursor.deleteMany({ where: { accountId: id } })
    emit({ type: 'account.updated', accountId: id, changed: ['status'], what: 'REACTIVATED' })
    return { accountId: id, userErrors: [] }
  }

  const unlink: Deed = async (scope, { id }, now) => {
    const { db, emit, enqueue } = scope
    if (await setAsideGrant(scope, vault, id)) enqueue({ name: 'revoke_grants', payload: {}, key: 'revoke_grants' })
    await db.accountXChat.deleteMany({ where: { accountId: id } })
    // Ciphertext that nobody can ever read again.
    await db.xChatMessage.deleteMany({ where: { accountId: id, unreadReason: { not: null } } })
    await db.accountAuthorization.deleteMany({ where: { accountId: id } })
    await db.sourceCursor.deleteMany({ where: { accountId: id } })
    await db.account.update({
      where: { id },
      data: {
        status: 'UNLINKED',
        unlinkedAt: now,
        isDefault: false,
        deactivatedAt: null,
        deauthorizedAt: null,
        deauthorizationCause: null,
      },
    })
    emit({ type: 'account.updated', accountId: id, changed: ['status'], what: 'UNLINKED' })
    return { accountId: id, userErrors: [] }
  }

  return {
    deactivate: (userId, accountId) => change(userId, accountId, deactivate),
    reactivate: (userId, accountId) => change(userId, accountId, reactivate),
    unlink: (userId, accountId, screenName) =>
      change(userId, accountId, async (scope, account, now) => {
        if (handle(screenName) === handle(account.screenName)) return unlink(scope, account, now)
        const message = `To unlink the account, type its handle: ${account.screenName}.`
        return refusal(account.id, 'CONFIRMATION_MISMATCH', ['screenName'], message)
      }),
  }
}

/** Handles are one whatever their case; people type them with @ or without. */
const handle = (text: string): string => text.trim().replace(/^@/, '').toLowerCase()

/**
 * Moves an account's tokens to where the job `revoke_grants` finds them; it ends them at X, and they are gone. Gives
 * whether there were any. What no key of ours opens any more is dropped: X will let it expire.
 */
export async function setAsideGrant({ db }: ChangeScope, vault: Vault, accountId: string): Promise<boolean> {
  const credential = await db.accountCredential.findUnique({ where: { accountId } })
  if (!credential) return false
  await db.accountCredential.delete({ where: { accountId } })
  const tokens = open(vault, accountId, credential)
  if (!tokens) return false
  const id = uuid()
  const { access, refresh } = tokens
  await db.grantRevocation.create({
    data: {
      id,
      accountId,
      accessToken: vault.seal(access, revocationPlace.access(id)),
      refreshToken: refresh && vault.seal(refresh, revocationPlace.refresh(id)),
    },
  })
  return true
}

function open(vault: Vault, accountId: string, credential: { accessToken: string; refreshToken: string | null }) {
  try {
    return {
      access: vault.open(credential.accessToken, tokenPlace.access(accountId)),
      refresh: credential.refreshToken && vault.open(credential.refreshToken, tokenPlace.refresh(accountId)),
    }
  } catch (error) {
    if (error instanceof UnsealError) return undefined
    throw error
  }
}
