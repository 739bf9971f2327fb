import { perPiece } from '../domain/money.ts'
import type { MicroDollars, SpendKind } from '../domain/price.ts'
import { SPEND_KINDS } from '../domain/price.ts'
import type { Prisma } from '../generated/prisma/client.ts'
import { type Budget, readBudget } from './budget.ts'

/** What X charged for one kind of thing on one day. */
export interface SpendLine {
  /** `2026-11-23`, UTC. */
  readonly day: string
  readonly kind: SpendKind
  readonly calls: number
  readonly units: number
  readonly amount: MicroDollars
}

/** What X charged for an account, from one day to another, both included. */
export interface SpendReport {
  readonly from: string
  readonly to: string
  /** In order of days, and of kinds. */
  readonly lines: readonly SpendLine[]
  readonly total: MicroDollars
  readonly ticketsCreated: number
  /** Null: no ticket was created. */
  readonly costPerTicket: MicroDollars | null
  /** Of this month, whatever the days asked for. Null: there is none. */
  readonly budget: Budget | null
}

export async function readSpend(
  db: Prisma.TransactionClient,
  accountId: string,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<SpendReport> {
  const [first, last] = [new Date(from), new Date(to)]
  const [rows, ticketsCreated, budget] = await Promise.all([
    db.xSpend.findMany({
      where: { caller: accountId, day: { gte: first, lte: last } },
      orderBy: [{ day: 'asc' }, { kind: 'asc' }],
    }),
    db.ticket.count({ where: { accountId, createdAt: { gte: first, lt: new Date(last.getTime() + 86_400_000) } } }),
    readBudget(db, accountId),
  ])
  const lines = rows.map(({ day, kind: name, calls, units, microDollars }): SpendLine => {
    // A kind that a newer version wrote is summed up all the same.
    const kind = SPEND_KINDS.find((known) => known === name) ?? 'UNPRICED'
    return { day: dayOf(day), kind, calls: Number(calls), units: Number(units), amount: microDollars }
  })
  const total = lines.reduce((sum, { amount }) => sum + amount, 0n)
  const costPerTicket = ticketsCreated > 0 ? perPiece(total, ticketsCreated) : null
  return { from, to, lines, total, ticketsCreated, costPerTicket, budget }
}

const dayOf = (date: Date): string => date.toISOString().slice(0, 10)
