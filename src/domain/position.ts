/**
 * A place in the event log. Offsets are gapless and in commit order within an epoch; the epoch
 * changes when the database is not the one it was (DESIGN §1), and then offsets say nothing.
 */
export interface Position {
  readonly epoch: string
  readonly offset: number
}

const FORM = /^([0-9a-f]{1,64}):(0|[1-9][0-9]{0,15})$/

/** The text form that clients keep and send back: `epoch:offset`. */
export function formatPosition(position: Position): string {
  return `${position.epoch}:${position.offset}`
}

/** Reads `epoch:offset`; undefined when the text is not a position. */
export function parsePosition(text: string): Position | undefined {
  const match = FORM.exec(text)
  if (!match) return undefined
  const offset = Number(match[2])
  return Number.isSafeInteger(offset) ? { epoch: match[1] as string, offset } : undefined
}
