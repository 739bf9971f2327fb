import type { DeauthorizationCause } from './event.ts'

/*
 * When X's refusals mean that an account is shut out (F46, F47). One refusal never does: X has bad minutes, and an answer
 * may be about another token than the one we hold now.
 */

/**
 * CALL: a call was refused (401), and refused again with a token that was refreshed in between.
 * GRANT: the token endpoint refused the refresh token itself.
 */
export type Refusal = 'CALL' | 'GRANT'

/** How many refusals in a row, over how many milliseconds at least, are consistent ones. */
export interface Patience {
  readonly count: number
  readonly ms: number
}

export const PATIENCE: Readonly<Record<Refusal, Patience>> = {
  CALL: { count: 5, ms: 10 * 60_000 },
  GRANT: { count: 2, ms: 5_000 },
}

/**
 * The cause to deauthorize for, after `count` refusals in a row of which the first was `ms` ago and the last is of this
 * kind; null: wait. X ends the grants of an account whose password is changed, and tells only of apps that are removed:
 * so a grant that is dead without a word is taken for the former.
 */
export function causeOfRefusals(
  refusals: { readonly count: number; readonly ms: number; readonly last: Refusal },
  patience: Readonly<Record<Refusal, Patience>> = PATIENCE,
): DeauthorizationCause | null {
  const { count, ms } = patience[refusals.last]
  if (refusals.count < count || refusals.ms < ms) return null
  return refusals.last === 'GRANT' ? 'PASSWORD_CHANGED' : 'REFUSED'
}
