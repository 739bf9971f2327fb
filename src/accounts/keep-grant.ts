import { v7 as uuid } from 'uuid'
import { type ConnectionDecision, decideConnection, FIRST_SETTINGS } from '../domain/account.ts'
import type { UserError } from '../domain/errors.ts'
import type { ChangeScope } from '../store/store.ts'
import type { Vault } from '../store/vault.ts'
import type { XTokens } from '../x/client.ts'
import type { XIdentity } from './identity.ts'
import { lockWorkspace } from './lock-account.ts'
import { tokenPlace } from './sealed-places.ts'

export interface Grant {
  readonly identity: XIdentity
  readonly tokens: XTokens
  /** The account that was to be authorized anew; null: whichever it is. */
  readonly expectedId: string | null
  /** Takes the grant of a handle that is connected already, too: for programs that connect at every start. */
  readonly again?: boolean
}

export type KeptGrant = { readonly accountId: string } | { readonly refused: UserError }

/**
 * Lets a consented account in, as far as the plan and the other accounts let it (F1, F2, F4, F8), with its tokens sealed.
 * Those who connect at once come one after the other here.
 */
export async function keepGrant(scope: ChangeScope, vault: Vault, grant: Grant): Promise<KeptGrant> {
  const { db, emit } = scope
  const { identity, tokens } = grant
  const plan = await lockWorkspace(db)
  const existing = await db.account.findUnique({
    where: { xUserId: identity.xUserId },
    select: { id: true, status: true, screenName: true, deactivatedAt: true },
  })
  const handles = await db.account.count({ where: { status: { not: 'UNLINKED' } } })
  const expectedId =
    grant.expectedId ?? (grant.again && existing?.status !== 'UNLINKED' ? (existing?.id ?? null) : null)
  const decision: ConnectionDecision = decideConnection({
    plan,
    handles,
    existing,
    expectedId,
    screenName: identity.screenName,
  })
  if (decision.kind === 'REFUSED') return { refused: decision.error }

  const shown = { screenName: identity.screenName, name: identity.name, avatarUrl: identity.avatarUrl }
  const [{ now } = { now: new Date() }] = await db.$queryRaw<{ now: Date }[]>`SELECT now() AS now`
  const alive = { deauthorizedAt: null, deauthorizationCause: null, lastTrafficAt: now, inactivityWarnedDays: 0 }
  if (decision.kind === 'REAUTHORIZE') {
    const id = decision.accountId
    // F8: everything that an administrator had set stays, a deactivation included.
    const status = existing?.deactivatedAt ? ('DEACTIVATED' as const) : ('ACTIVE' as const)
    await db.account.update({ where: { id }, data: { ...shown, ...alive, status } })
    await keepTokens(db, vault, id, tokens)
    const changed = existing?.status === status ? ['credential'] : ['status', 'credential']
    emit({ type: 'account.updated', accountId: id, changed, what: 'REAUTHORIZED' })
    return { accountId: id }
  }
  if (existing) {
    const fresh = {
      ...FIRST_SETTINGS,
      status: 'ACTIVE' as const,
      unlinkedAt: null,
      deactivatedAt: null,
      capturesFrom: beginning(now, identity.asOf),
    }
    await db.account.update({ where: { id: existing.id }, data: { ...shown, ...alive, ...fresh } })
    await keepTokens(db, vault, existing.id, tokens)
    emit({ type: 'account.updated', accountId: existing.id, changed: ['status', 'credential'], what: 'RELINKED' })
    return { accountId: existing.id }
  }
  const { id } = await db.account.create({
    data: {
      id: uuid(),
      xUserId: identity.xUserId,
      ...shown,
      ...FIRST_SETTINGS,
      capturesFrom: beginning(now, identity.asOf),
    },
  })
  await keepTokens(db, vault, id, tokens)
  emit({ type: 'account.created', accountId: id })
  return { accountId: id }
}

/** Clocks that are right differ by less; and X's Date header knows seconds only. */
const CLOCKS_MS = 60_000

/**
 * From when on posts are tickets (F6): now, by the database's clock; by X's, whose times posts carry, where that one is
 * off. Else it would be deaf for as long as its clock is ahead.
 */
function beginning(now: Date, asOf: Date | undefined): Date {
  return asOf && Math.abs(asOf.getTime() - now.getTime()) > CLOCKS_MS ? asOf : now
}

async function keepTokens(db: ChangeScope['db'], vault: Vault, accountId: string, tokens: XTokens): Promise<void> {
  const access = vault.seal(tokens.accessToken, tokenPlace.access(accountId))
  const refresh = tokens.refreshToken ? vault.seal(tokens.refreshToken, tokenPlace.refresh(accountId)) : null
  await db.$executeRaw`
    INSERT INTO account_credential (account_id, access_token, refresh_token, scopes, expires_at)
    VALUES (${accountId}::uuid, ${access}, ${refresh}, ${[...tokens.scopes]},
            clock_timestamp() + ${tokens.expiresInSeconds} * interval '1 second')
    ON CONFLICT (account_id) DO UPDATE SET
      access_token = excluded.access_token, refresh_token = excluded.refresh_token, scopes = excluded.scopes,
      expires_at = excluded.expires_at, granted_at = now(), refusals = 0, refused_since = NULL, updated_at = now()`
  // Whatever X limited the old grant to, the new one is asked about anew: its owner has just been there, and waits.
  await db.$executeRaw`DELETE FROM x_rate_limit WHERE caller = ${accountId}`
}
