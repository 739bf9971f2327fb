import type { UserError } from './errors.ts'
import type { TicketState } from './ticket.ts'
import { TAG_COUNT } from './ticket-tags.ts'
import { TRANSITIONS } from './ticket-transitions.ts'

/* F70: which tickets may become one, and what the one is then. */

/** Tickets that may be merged into another at a time. */
export const MERGE_SOURCES = 100

/** A ticket as merging finds it. */
export interface Mergeable extends TicketState {
  readonly deleted: boolean
}

export type MergeDecision =
  | { readonly userErrors: readonly [UserError, ...UserError[]] }
  | { readonly userErrors?: undefined; readonly tags: readonly string[] }

/**
 * Whether the sources can be merged into the target; then the target's tags afterwards: its own, then those of the
 * sources in their order, as many as a ticket has room for. One account and one requester (nobody else is in copy of a
 * ticket here), so that what is said to one customer never lands on another's ticket.
 */
export function decideMerge(sources: readonly Mergeable[], target: Mergeable): MergeDecision {
  const errors: UserError[] = []
  const refuse = (code: UserError['code'], field: 'sourceIds' | 'targetId', message: string) => {
    if (!errors.some((error) => error.code === code && error.field[0] === field))
      errors.push({ code, field: [field], message })
  }
  for (const [field, tickets] of [['targetId', [target]] as const, ['sourceIds', sources] as const]) {
    if (tickets.some(({ deleted }) => deleted))
      refuse('DELETED_TICKET', field, 'A deleted ticket cannot be merged; restore it first.')
    if (tickets.some(({ status }) => TRANSITIONS[status].merged === null))
      refuse('CLOSED_TICKET', field, 'A closed ticket cannot be merged.')
  }
  for (const source of sources) {
    if (source.id === target.id)
      refuse('MERGE_INTO_ITSELF', 'sourceIds', 'A ticket cannot be merged into itself; leave the target out.')
    if (source.accountId !== target.accountId)
      refuse('MERGE_ACROSS_ACCOUNTS', 'sourceIds', 'Tickets of different accounts cannot be merged.')
    if (source.requesterId !== target.requesterId)
      refuse('MERGE_ACROSS_REQUESTERS', 'sourceIds', 'Tickets of different requesters cannot be merged.')
  }
  const [first, ...rest] = errors
  if (first) return { userErrors: [first, ...rest] }
  const tags = [...new Set([...target.tags, ...sources.flatMap((source) => source.tags)])]
  return { tags: tags.slice(0, Math.max(TAG_COUNT, target.tags.length)) }
}

/** A source, as the target is told of it. */
export interface MergedSource {
  readonly number: number
  /** Answers of it that are still to be sent. */
  readonly unsent: number
}

/**
 * What the target is told: which tickets were merged into it, and where answers are still to be sent. Numbers alone: what
 * a customer said, and may delete at X, stays where it can be redacted. With the most sources a merge takes it is far
 * below a comment's length.
 */
export function mergeNote(sources: readonly MergedSource[]): string {
  const each = sources.map(({ number, unsent }) => {
    const merged = `Ticket #${number} was merged into this one.`
    if (unsent === 0) return merged
    const answers = unsent === 1 ? 'An answer is' : `${unsent} answers are`
    return `${merged}\n${answers} still to be sent from there.`
  })
  return each.join('\n\n')
}

/** What each source is told. */
export const mergedNote = (target: { readonly number: number }): string =>
  `This ticket was closed and merged into #${target.number}.`
