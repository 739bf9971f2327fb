import type { UserError } from './errors.ts'
import type { TicketSnapshot } from './event.ts'
import { noteProblem } from './note.ts'
import { commentProblem, decidePatch, type PatchFacts, type TicketPatch, type TicketState } from './ticket.ts'

/*
 * What a bulk update does to each of its tickets (F71, F73). It decides as `updateTicket` and `addNote` do, by the same
 * functions, so that a script and a person never get different answers.
 */

/**
 * What is done to a ticket. Not its subject: that is text, whose old value an undo would have to keep where redaction
 * does not find it.
 */
export interface BulkPatch extends Omit<TicketPatch, 'subject'> {
  /** A private note. */
  readonly comment?: string | null | undefined
  /** An answer to the requester, by the bulk sender rule (F31-F35). */
  readonly reply?: BulkReplyPatch | null | undefined
}

export interface BulkReplyPatch {
  readonly body: string
  /** Whether it carries a link to the ticket's page, where agents decide (F52). */
  readonly ticketLink?: boolean | null | undefined
}

export const BULK_OUTCOMES = ['CHANGED', 'UNCHANGED', 'CONFLICT', 'NOT_FOUND', 'FAILED'] as const
export type BulkOutcome = (typeof BULK_OUTCOMES)[number]

/** The fields of a ticket that a bulk update can change. */
export const BULK_FIELDS = ['status', 'priority', 'assigneeId', 'groupId', 'tags'] as const
export type BulkFields = Pick<TicketState, (typeof BULK_FIELDS)[number]>

/** A ticket as a bulk update finds it. */
export interface BulkTicket {
  readonly ticket: TicketState
  readonly version: number
  /** F69: nothing is done with a deleted ticket but restoring it. */
  readonly deleted: boolean
  /** Whether the log tells of it behind the position that the caller knew. */
  readonly changedSince: boolean
  /** What stands against the answer that the patch asks for; `field` is the path inside the reply. */
  readonly replyErrors?: readonly UserError[]
  /** Of an undo: whether the answer was not sent yet, so that it can be withdrawn. */
  readonly replyWaits?: boolean
}

/** What becomes of one ticket. */
export type BulkDecision =
  | {
      readonly outcome: 'CHANGED'
      readonly changes: Partial<BulkFields>
      readonly before: Partial<TicketSnapshot>
      readonly changed: readonly (keyof BulkFields)[]
      /** The private note to be added. */
      readonly note: string | null
      /** An answer is to be given or, of an undo, withdrawn. */
      readonly reply: boolean
      /** Of an undo: what is not taken back, although the rest is. Absent: nothing. */
      readonly errors?: readonly [UserError, ...UserError[]]
    }
  | { readonly outcome: 'UNCHANGED' }
  | { readonly outcome: 'CONFLICT' | 'NOT_FOUND' | 'FAILED'; readonly errors: readonly [UserError, ...UserError[]] }

/** Whether nothing at all was decided for the ticket: counted as failed. */
export const isFailure = (outcome: BulkOutcome): boolean =>
  outcome === 'CONFLICT' || outcome === 'NOT_FOUND' || outcome === 'FAILED'

const conflict = (message: string): BulkDecision => ({
  outcome: 'CONFLICT',
  errors: [{ code: 'CONFLICT', field: [], message }],
})

const NOT_FOUND: BulkDecision = {
  outcome: 'NOT_FOUND',
  errors: [{ code: 'NOT_FOUND', field: [], message: 'There is no ticket with this id, or none that you see.' }],
}

const DELETED: BulkDecision = {
  outcome: 'FAILED',
  errors: [{ code: 'DELETED_TICKET', field: [], message: 'The ticket is deleted; restore it first.' }],
}

/** What somebody else did meanwhile, or that the ticket is not seen; undefined: neither. */
function obstacle(found: BulkTicket | undefined, ifVersion: number | null): BulkDecision | undefined {
  if (!found) return NOT_FOUND
  if (found.deleted) return DELETED
  if (found.changedSince || (ifVersion !== null && found.version !== ifVersion))
    return conflict('Somebody else changed the ticket meanwhile.')
  return undefined
}

/** What a patch does to a ticket; `found` is undefined when there is none that the caller sees. */
export function decideBulkItem(
  found: BulkTicket | undefined,
  { comment, reply, ...patch }: BulkPatch,
  ifVersion: number | null,
  facts: PatchFacts,
): BulkDecision {
  const stopped = obstacle(found, ifVersion)
  if (stopped || !found) return stopped ?? NOT_FOUND
  const decision = decidePatch(found.ticket, patch, facts)
  const errors: UserError[] = [...(decision.userErrors ?? [])]
  const note = comment ?? null
  if (note !== null) {
    const problem = noteProblem(found.ticket, note)
    if (problem) errors.push({ code: problem.code, field: ['comment'], message: problem.message })
  }
  if (reply) {
    const problem = commentProblem(reply.body)
    if (problem) errors.push({ code: 'INVALID_INPUT', field: ['reply', 'body'], message: problem })
    else errors.push(...(found.replyErrors ?? []).map((error) => ({ ...error, field: ['reply', ...error.field] })))
  }
  const [first, ...rest] = errors
  if (first) return { outcome: 'FAILED', errors: [first, ...rest] }
  if (decision.userErrors) return { outcome: 'FAILED', errors: decision.userErrors }
  // A bulk patch names no subject, so none is changed.
  const { subject: _, ...changes } = decision.changes
  const changed = decision.changed.filter((field) => field !== 'subject')
  if (changed.length === 0 && note === null && !reply) return { outcome: 'UNCHANGED' }
  return { outcome: 'CHANGED', changes, before: decision.before, changed, note, reply: Boolean(reply) }
}

/** What a bulk update did to a ticket beside changing its fields. */
export interface BulkTraces {
  /** It added a private note. */
  readonly noted?: boolean
  /** It gave an answer. */
  readonly answered?: boolean
  /** It was an undo itself, and withdrew an answer. */
  readonly withdrew?: boolean
}

/** Of these, the codes of what an undo never takes back: no other undo need try. */
export const STAYING = ['NOTE_STAYS', 'ANSWER_NOT_WAITING', 'ANSWER_WITHDRAWN'] as const

const STAYS: Readonly<Record<(typeof STAYING)[number], string>> = {
  NOTE_STAYS: 'The private note stays.',
  ANSWER_NOT_WAITING: 'The answer does not wait any more, and stays as it is: its delivery says whether it was sent.',
  ANSWER_WITHDRAWN: 'The answer that was withdrawn is not given again; it can be retried.',
}

/** What an undo leaves as it is. */
function whatStays({ noted, answered, withdrew }: BulkTraces, replyWaits: boolean): UserError[] {
  const stays = { NOTE_STAYS: noted, ANSWER_NOT_WAITING: answered && !replyWaits, ANSWER_WITHDRAWN: withdrew }
  return STAYING.filter((code) => stays[code]).map((code) => ({ code, field: [], message: STAYS[code] }))
}

/**
 * What restoring old values does to a ticket. `version` is the one that the bulk update left: any other says that
 * somebody has changed it since. What was there before was allowed, so only what it refers to is looked at. What else
 * the bulk update did is said where it stays.
 */
export function decideUndo(
  found: BulkTicket | undefined,
  restore: Partial<BulkFields>,
  version: number,
  facts: PatchFacts,
  traces: BulkTraces = {},
): BulkDecision {
  const stopped = obstacle(found, version)
  if (stopped || !found) return stopped ?? NOT_FOUND
  const { ticket } = found
  const next: BulkFields = { ...ticket, ...restore }
  const changed = BULK_FIELDS.filter((field) => JSON.stringify(next[field]) !== JSON.stringify(ticket[field]))
  const reply = found.replyWaits === true
  const [first, ...rest] = whatStays(traces, reply)
  if (changed.length === 0 && !reply)
    return first ? { outcome: 'FAILED', errors: [first, ...rest] } : { outcome: 'UNCHANGED' }
  const refused = whyNotRestored(ticket, next, facts)
  if (refused) return { outcome: 'FAILED', errors: [refused] }
  const pick = (from: BulkFields): Partial<BulkFields> =>
    Object.fromEntries(changed.map((field) => [field, from[field]]))
  const left = first && { errors: [first, ...rest] as const }
  return { outcome: 'CHANGED', changes: pick(next), before: pick(ticket), changed, note: null, reply, ...left }
}

function whyNotRestored(ticket: BulkFields, next: BulkFields, facts: PatchFacts): UserError | undefined {
  const { assigneeId, groupId } = next
  if (groupId !== ticket.groupId && groupId !== null && !facts.groupIds.has(groupId))
    return { code: 'NOT_FOUND', field: ['groupId'], message: 'The group that it had is gone.' }
  if (assigneeId === null || (assigneeId === ticket.assigneeId && groupId === ticket.groupId)) return undefined
  const person = facts.people.get(assigneeId)
  if (!person?.active || person.role === 'END_USER')
    return { code: 'NOT_AN_AGENT', field: ['assigneeId'], message: 'The assignee that it had is no active agent now.' }
  if (groupId !== null && !person.groupIds.includes(groupId))
    return { code: 'NOT_IN_GROUP', field: ['assigneeId'], message: 'The assignee that it had is not in its group now.' }
  return undefined
}

/** A ticket that takes whatever a ticket can take: what is refused here is wrong with the patch itself. */
const ANY_TICKET: TicketState = {
  id: '',
  number: 0,
  subject: '',
  status: 'OPEN',
  priority: null,
  channel: 'X_CORP',
  accountId: '',
  requesterId: '',
  assigneeId: null,
  groupId: null,
  tags: [],
}
const FAULTS: readonly string[] = ['INVALID_INPUT', 'NOT_FOUND', 'NOT_AN_AGENT']

/** What is wrong with a patch whatever the ticket; `field` is the path inside the patch. */
export function patchFaults(patch: BulkPatch, facts: PatchFacts): readonly UserError[] {
  if (Object.values(patch).every((value) => value === undefined))
    return [{ code: 'INVALID_INPUT', field: [], message: 'The patch changes nothing.' }]
  const decision = decideBulkItem(
    { ticket: ANY_TICKET, version: 1, deleted: false, changedSince: false },
    patch,
    null,
    facts,
  )
  return 'errors' in decision ? decision.errors.filter(({ code }) => FAULTS.includes(code)) : []
}

/** How fast a job went until its last batch, and how long the rest takes at that pace. */
export function paceOf(job: {
  readonly total: number
  readonly done: number
  readonly startedAt: Date | null
  readonly updatedAt: Date
  readonly finishedAt: Date | null
}): { readonly ratePerSecond: number | null; readonly etaSeconds: number | null } {
  const { total, done, startedAt, updatedAt, finishedAt } = job
  const seconds = startedAt === null ? 0 : (updatedAt.getTime() - startedAt.getTime()) / 1_000
  if (seconds <= 0 || done === 0) return { ratePerSecond: null, etaSeconds: finishedAt ? 0 : null }
  const rate = done / seconds
  return { ratePerSecond: Math.round(rate * 10) / 10, etaSeconds: finishedAt ? 0 : Math.ceil((total - done) / rate) }
}
