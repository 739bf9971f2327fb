import { statusAfter } from '../../domain/xchat.ts'
import type { Account, AccountXChat } from '../../generated/prisma/client.ts'
import type { ChangeScope } from '../../store/store.ts'
import type { Vault } from '../../store/vault.ts'
import type { PinRecovery } from '../../x/xchat.ts'
import { xchatKeyPlace } from '../sealed-places.ts'

/** Keeps what the realms said of an account, and says so in the log if it is news. Its direct messages are captured. */
export async function keepRecovery(
  { db, emit }: ChangeScope,
  vault: Vault,
  { id: accountId }: Pick<Account, 'id'>,
  recovery: PinRecovery,
): Promise<void> {
  const before = await db.accountXChat.findUnique({ where: { accountId } })
  const known = before && { status: before.status, hasKey: before.secretKey !== null }
  const after = {
    status: statusAfter(known, recovery.outcome),
    guessesLeft: guessesAfter(before, recovery),
    ...(recovery.outcome === 'CONFIRMED' && {
      secretKey: vault.seal(recovery.secretKey, xchatKeyPlace(accountId)),
      keyVersion: recovery.keyVersion,
      confirmedAt: await clock(db),
    }),
  }
  const { status, guessesLeft } = before ?? { status: 'PIN_REQUIRED', guessesLeft: null }
  const same = status === after.status && guessesLeft === after.guessesLeft
  if (same && recovery.outcome !== 'CONFIRMED') return
  // No upsert: its insert would be held against the checks even where the row is there.
  if (before) await db.accountXChat.update({ where: { accountId }, data: after })
  else await db.accountXChat.create({ data: { accountId, ...after } })
  emit({ type: 'account.updated', accountId, changed: ['xchat'], what: 'XCHAT' })
}

/** A right PIN starts the realms' count anew. */
function guessesAfter(before: Pick<AccountXChat, 'guessesLeft'> | null, recovery: PinRecovery): number | null {
  if (recovery.outcome === 'WRONG_PIN') return recovery.guessesLeft
  if (recovery.outcome === 'GUESSES_EXHAUSTED') return 0
  const anew = recovery.outcome === 'CONFIRMED' || recovery.outcome === 'KEYS_REPLACED'
  return anew ? null : (before?.guessesLeft ?? null)
}

async function clock(db: ChangeScope['db']): Promise<Date> {
  const [row] = await db.$queryRaw<{ now: Date }[]>`SELECT clock_timestamp() AS now`
  if (!row) throw new Error('the database did not tell the time')
  return row.now
}
