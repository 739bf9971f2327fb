import { type BudgetLeft, type BudgetState, SLOW_FROM } from './pacing.ts'
import type { MicroDollars } from './price.ts'

/** How an account stands with its monthly budget. */
export function budgetLeft(limit: MicroDollars, spent: MicroDollars, monthEndsInMs: number): BudgetLeft {
  return { state: stateOf(limit, spent), usedShare: limit === 0n ? 1 : Number(spent) / Number(limit), monthEndsInMs }
}

function stateOf(limit: MicroDollars, spent: MicroDollars): BudgetState {
  if (spent >= limit) return 'EXHAUSTED'
  return spent * 100n >= limit * BigInt(SLOW_FROM * 100) ? 'SLOWED' : 'WITHIN'
}

const RANK: Readonly<Record<BudgetState, number>> = { WITHIN: 0, SLOWED: 1, EXHAUSTED: 2 }

/** Whether administrators are to hear of a state, when `told` is the last they heard of this month: each is told once. */
export function isNews(state: BudgetState, told: BudgetState): state is 'SLOWED' | 'EXHAUSTED' {
  return RANK[state] > RANK[told]
}
