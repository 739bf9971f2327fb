import type { Logger } from 'pino'
import { budgetLeft, isNews } from '../domain/budget.ts'
import type { Actor } from '../domain/event.ts'
import { BUDGET_STATES, type BudgetLeft, type BudgetState } from '../domain/pacing.ts'
import type { MicroDollars } from '../domain/price.ts'
import { Prisma } from '../generated/prisma/client.ts'
import type { Store } from '../store/store.ts'

/** An account's budget of this month (UTC, by the database's clock). */
export interface Budget {
  readonly monthlyLimit: MicroDollars
  readonly spent: MicroDollars
  readonly left: BudgetLeft
  /** What administrators were last told of in this month. */
  readonly told: BudgetState
}

const ACTOR: Actor = { kind: 'system', part: 'budget' }

/** Null: the account has none, or there is no such account. */
export async function readBudget(
  db: Pick<Prisma.TransactionClient, '$queryRaw'>,
  accountId: string,
  locking = Prisma.empty,
): Promise<Budget | null> {
  const [row] = await db.$queryRaw<{ limit: bigint; spent: bigint; ends_in_ms: number; told: string }[]>`
    SELECT a.monthly_budget AS limit,
      (SELECT coalesce(sum(s.micro_dollars), 0)::bigint FROM x_spend s
        WHERE s.caller = a.id::text AND s.day >= month.began) AS spent,
      (extract(epoch FROM month.began + interval '1 month' - month.now) * 1000)::float8 AS ends_in_ms,
      CASE WHEN a.budget_told_month = month.began THEN a.budget_told ELSE 'WITHIN' END AS told
    FROM account a CROSS JOIN LATERAL (
      SELECT utc AS now, date_trunc('month', utc)::date AS began FROM (SELECT clock_timestamp() AT TIME ZONE 'UTC' AS utc) t
    ) AS month
    WHERE a.id = ${accountId}::uuid AND a.monthly_budget IS NOT NULL ${locking}`
  if (!row) return null
  const told = BUDGET_STATES.find((state) => state === row.told) ?? 'WITHIN'
  return { monthlyLimit: row.limit, spent: row.spent, left: budgetLeft(row.limit, row.spent, row.ends_in_ms), told }
}

/**
 * How an account stands with its budget. Whoever finds that it has been crossed tells administrators, once a month for each
 * state: `account.updated` with BUDGET_SLOWED or BUDGET_EXHAUSTED.
 */
export async function watchBudget(
  { store, logger }: { readonly store: Store; readonly logger: Logger },
  accountId: string,
): Promise<BudgetLeft | null> {
  const seen = await readBudget(store.prisma, accountId)
  if (!seen || !isNews(seen.left.state, seen.told)) return seen?.left ?? null
  await store.change(ACTOR, async ({ db, emit }) => {
    const budget = await readBudget(db, accountId, Prisma.sql`FOR UPDATE OF a`)
    if (!budget) return
    const { state } = budget.left
    if (!isNews(state, budget.told)) return
    await db.$executeRaw`
      UPDATE account SET budget_told = ${state},
        budget_told_month = date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC')::date
      WHERE id = ${accountId}::uuid`
    emit({ type: 'account.updated', accountId, changed: ['budget'], what: `BUDGET_${state}` })
    const does = state === 'SLOWED' ? 'slows' : 'stops until the month ends'
    logger.warn({ accountId }, `an account's budget: polling ${does}; events that X delivers go on`)
  })
  return seen.left
}
