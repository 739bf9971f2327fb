import type { XChatUnreadReason } from '../domain/xchat.ts'
import type { PinAllowance } from '../domain/xchat-pin.ts'
import { createBatch } from './batch.ts'
import type { Context } from './context.ts'
import { viewerOf } from './viewer.ts'

/* What XChat's fields ask of the database, for all accounts of a list at once. */

/** Messages of an account that were not read, for one reason. */
export interface UnreadCount {
  readonly reason: XChatUnreadReason
  readonly count: number
  /** When the oldest of them was sent. */
  readonly oldestAt: Date
}

interface Asked {
  readonly id: string
  readonly guessesLeft: number | null
}

/** One of each for an operation, made when first asked for. */
function perContext<Value extends object>(make: (context: Context) => Value): (context: Context) => Value {
  const made = new WeakMap<Context, Value>()
  return (context) => {
    const value = made.get(context) ?? make(context)
    made.set(context, value)
    return value
  }
}

/** What the caps on PINs leave the viewer at an account. */
export const allowanceOf: (context: Context) => (account: Asked) => Promise<PinAllowance> = perContext((context) =>
  createBatch((accounts: readonly Asked[]) => context.accounts.xchat.allowances(viewerOf(context).userId, accounts)),
)

/** What was not read of an account's messages, the longest waiting first. */
export const unreadOf: (context: Context) => (accountId: string) => Promise<readonly UnreadCount[]> = perContext(
  (context) =>
    createBatch(async (accountIds: readonly string[]) => {
      const groups = await context.prisma.xChatMessage.groupBy({
        by: ['accountId', 'unreadReason'],
        where: { accountId: { in: [...accountIds] }, unreadReason: { not: null } },
        _count: true,
        _min: { sentAt: true },
      })
      return accountIds.map((id) =>
        groups
          .flatMap(({ accountId, unreadReason: reason, _count: count, _min: { sentAt: oldestAt } }) =>
            accountId === id && reason && oldestAt ? [{ reason, count, oldestAt }] : [],
          )
          .sort((a, b) => a.oldestAt.getTime() - b.oldestAt.getTime() || (a.reason < b.reason ? -1 : 1)),
      )
    }),
)
