import { widthOf } from '../width.ts'

/** A part of a filter's text, by UTF-16 code units. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** A filter that cannot be read, or that asks for what there is not. The message names the column and points at it. */
export class FilterError extends Error {
  /** The first character that is wrong, from 1. */
  readonly column: number

  constructor(source: string, { start, end }: Span, what: string) {
    const before = source.slice(0, start)
    const column = [...before].length + 1
    // Line breaks and tabs would move the carets away from what they point at.
    const shown = source.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, ' ')
    const carets = '^'.repeat(Math.max(1, widthOf(shown.slice(start, end))))
    super(`column ${column}: ${what}\n  ${shown}\n  ${' '.repeat(widthOf(shown.slice(0, start)))}${carets}`)
    this.column = column
  }
}
