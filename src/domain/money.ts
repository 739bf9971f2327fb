import type { MicroDollars } from './price.ts'

/** The most that an amount can be that somebody gives: a thousand million dollars. */
const MOST = 1_000_000_000_000_000n

/** An amount of US dollars in decimal, with at most six places: `0.005`, `25`. Undefined: it is not one. */
export function parseDollars(text: string): MicroDollars | undefined {
  const [, whole, places = ''] = /^(\d{1,10})(?:\.(\d{1,6}))?$/.exec(text) ?? []
  if (whole === undefined) return undefined
  const amount = BigInt(whole) * 1_000_000n + BigInt(places.padEnd(6, '0'))
  return amount <= MOST ? amount : undefined
}

/** Exact, with two places or as many more as it takes: `25.00`, `0.005`. */
export function formatDollars(amount: MicroDollars): string {
  const digits = (amount < 0n ? -amount : amount).toString().padStart(7, '0')
  const places = digits.slice(-6).replace(/0{1,4}$/, '')
  return `${amount < 0n ? '-' : ''}${digits.slice(0, -6)}.${places}`
}

/** A share of an amount, to the nearest micro-dollar. */
export const perPiece = (amount: MicroDollars, pieces: number): MicroDollars =>
  (amount * 2n + BigInt(pieces)) / (BigInt(pieces) * 2n)
