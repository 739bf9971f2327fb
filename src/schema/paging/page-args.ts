import { PerchError } from '../../domain/errors.ts'

/** Objects in a page when the client names no number. */
export const DEFAULT_PAGE_SIZE = 50
/** Objects in a page at most. */
export const MAX_PAGE_SIZE = 100

/** Relay's arguments, as they come. */
export interface PageArgs {
  readonly first?: number | null | undefined
  readonly last?: number | null | undefined
  readonly after?: string | null | undefined
  readonly before?: string | null | undefined
}

/** How many, and from which end. */
export interface PageSize {
  readonly size: number
  readonly fromEnd: boolean
}

/** Reads `first` and `last`. Throws BAD_REQUEST for both at once, and for numbers out of range. */
export function pageSize({ first, last }: PageArgs): PageSize {
  if (typeof first === 'number' && typeof last === 'number')
    throw new PerchError('BAD_REQUEST', 'Give either `first` or `last`, not both.')
  const name = typeof last === 'number' ? 'last' : 'first'
  const size = last ?? first ?? DEFAULT_PAGE_SIZE
  if (size < 0 || size > MAX_PAGE_SIZE)
    throw new PerchError('BAD_REQUEST', `\`${name}\` must be between 0 and ${MAX_PAGE_SIZE}; it is ${size}.`)
  return { size, fromEnd: name === 'last' }
}
