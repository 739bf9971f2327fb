import type { Store } from '../../store/store.ts'
import { lockAccount } from '../lock-account.ts'
import { type Done, NO_ACCOUNT, type Outcome } from '../outcome.ts'
import { abandonAttempts } from './attempts.ts'

/** Erases an account's key and says that its encrypted messages are not to be read. Whatever the account's status. */
export async function disableXChat(store: Pick<Store, 'change'>, userId: string, accountId: string): Promise<Outcome> {
  const { value, position } = await store.change({ kind: 'user', id: userId }, async (scope): Promise<Done> => {
    const { db, emit } = scope
    const account = await lockAccount(db, accountId)
    if (!account) return NO_ACCOUNT
    await abandonAttempts(scope, accountId)
    // Where direct messages are not captured there is no key (F39).
    if (!account.captureDirectMessages) return { accountId, userErrors: [] }
    const before = await db.accountXChat.findUnique({ where: { accountId } })
    if (before?.status === 'DISABLED') return { accountId, userErrors: [] }
    const erased = { status: 'DISABLED', secretKey: null, keyVersion: null } as const
    await db.accountXChat.upsert({ where: { accountId }, create: { accountId, ...erased }, update: erased })
    emit({ type: 'account.updated', accountId, changed: ['xchat'], what: 'XCHAT' })
    return { accountId, userErrors: [] }
  })
  return { ...value, position }
}
