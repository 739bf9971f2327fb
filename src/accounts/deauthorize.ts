import type { DeauthorizationCause } from '../domain/event.ts'
import type { ChangeScope } from '../store/store.ts'
import type { Vault } from '../store/vault.ts'
import { setAsideGrant } from './lifecycle.ts'
import { lockAccount } from './lock-account.ts'
import { tellAdministrators } from './notices.ts'

/**
 * Shuts an account out (F46, F49): once per transition, however many processes notice, since its row is locked here. The
 * settings stay; the tokens go, and where X still honours them (INACTIVE) it is told that they are over. False when it
 * was shut out, or let go, before.
 */
export async function deauthorize(
  scope: ChangeScope,
  vault: Vault,
  accountId: string,
  cause: DeauthorizationCause,
): Promise<boolean> {
  const { db, emit, enqueue } = scope
  const account = await lockAccount(db, accountId)
  if (!account || account.status === 'DEAUTHORIZED') return false
  const [row] = await db.$queryRaw<{ now: Date }[]>`SELECT now() AS now`
  const at = row?.now ?? new Date()
  if (cause === 'INACTIVE') {
    if (await setAsideGrant(scope, vault, accountId)) {
      enqueue({ name: 'revoke_grants', payload: {}, key: 'revoke_grants' })
    }
  } else {
    await db.accountCredential.deleteMany({ where: { accountId } })
  }
  await db.account.update({
    where: { id: accountId },
    data: { status: 'DEAUTHORIZED', deauthorizedAt: at, deauthorizationCause: cause },
  })
  emit({ type: 'account.updated', accountId, changed: ['status'], what: 'DEAUTHORIZED', cause })
  await tellAdministrators(scope, accountId, String(at.getTime()), {
    kind: 'deauthorized',
    cause,
    at: at.toISOString(),
  })
  return true
}
