import type { UserError, UserErrorCode } from './errors.ts'
import type { TicketPriority, TicketSnapshot, TicketStatus } from './event.ts'
import { isStorable, normaliseTag, TAG_COUNT, tagProblem } from './ticket-tags.ts'
import { TRANSITIONS } from './ticket-transitions.ts'

/* What people may change of a ticket, and what follows from it (F65, F67, F68). */

/** Characters in a subject. */
export const SUBJECT_LENGTH = 500
/** Characters in a comment. */
export const COMMENT_LENGTH = 50_000

/** A ticket as a change finds it. */
export interface TicketState extends TicketSnapshot {
  readonly subject: string
}

/** What somebody wants changed. Absent: as it is. */
export interface TicketPatch {
  readonly subject?: string | null | undefined
  readonly status?: TicketStatus | null | undefined
  readonly priority?: TicketPriority | null | undefined
  /** Null takes the assignee away. */
  readonly assigneeId?: string | null | undefined
  /** Null takes the group away. */
  readonly groupId?: string | null | undefined
  readonly tags?: readonly string[] | null | undefined
  readonly addTags?: readonly string[] | null | undefined
  readonly removeTags?: readonly string[] | null | undefined
}

/** What the rules ask about a person. */
export interface Person {
  readonly role: 'ADMIN' | 'AGENT' | 'END_USER'
  readonly active: boolean
  readonly groupIds: readonly string[]
}

/** What the rules must know besides the ticket. */
export interface PatchFacts {
  /** Who makes the change. */
  readonly actorId: string
  /** The people a decision may be about (actor, old and new assignee), by id, as far as they exist. */
  readonly people: ReadonlyMap<string, Person>
  /** Of the groups named, those that exist. */
  readonly groupIds: ReadonlySet<string>
}

/** The fields of a ticket that a patch can change. */
type Mutable = Pick<TicketState, 'subject' | 'status' | 'priority' | 'assigneeId' | 'groupId' | 'tags'>

export type PatchDecision =
  | { readonly userErrors: readonly [UserError, ...UserError[]] }
  | {
      readonly userErrors?: undefined
      /** The new values of the fields that change; empty when nothing does. */
      readonly changes: Partial<Mutable>
      /** The old values of the changed fields that an event may carry (not the subject: it is text). */
      readonly before: Partial<TicketSnapshot>
      readonly changed: readonly (keyof Mutable)[]
    }

/** What becomes of the ticket, or everything that is wrong with the patch. */
export function decidePatch(ticket: TicketState, patch: TicketPatch, facts: PatchFacts): PatchDecision {
  const errors: UserError[] = []
  const refuse = (code: UserErrorCode, field: keyof TicketPatch, message: string) => {
    errors.push({ code, field: [field], message })
  }

  const next: Mutable = {
    subject: patchedSubject(ticket, patch, refuse),
    tags: patchedTags(ticket, patch, refuse),
    priority: patchedPriority(ticket, patch, refuse),
    ...patchedWork(ticket, patch, facts, refuse),
  }

  const [first, ...rest] = errors
  if (first) return { userErrors: [first, ...rest] }
  return difference(ticket, next)
}

type Refuse = (code: UserErrorCode, field: keyof TicketPatch, message: string) => void

function patchedSubject(ticket: TicketState, patch: TicketPatch, refuse: Refuse): string {
  if (patch.subject === undefined) return ticket.subject
  const subject = (patch.subject ?? '').trim()
  if (subject === '') refuse('INVALID_INPUT', 'subject', 'A subject cannot be empty.')
  else if ([...subject].length > SUBJECT_LENGTH)
    refuse('INVALID_INPUT', 'subject', `A subject has at most ${SUBJECT_LENGTH} characters.`)
  else if (!isStorable(subject)) refuse('INVALID_INPUT', 'subject', 'The subject holds characters that are not text.')
  return subject
}

function patchedTags(ticket: TicketState, patch: TicketPatch, refuse: Refuse): string[] {
  const { tags, addTags, removeTags } = patch
  if (tags === undefined && !addTags && !removeTags) return ticket.tags
  if (tags === null) refuse('INVALID_INPUT', 'tags', 'Give an empty list to take all tags away.')
  if (tags && (addTags || removeTags))
    refuse('INVALID_INPUT', 'tags', 'Give either `tags`, or `addTags` and `removeTags`.')
  const normal = (field: 'tags' | 'addTags' | 'removeTags') => (patch[field] ?? []).map(normaliseTag)
  for (const field of ['tags', 'addTags'] as const) {
    const problem = normal(field).map(tagProblem).find(Boolean)
    if (problem) refuse('INVALID_INPUT', field, problem)
  }
  const removed = new Set(normal('removeTags'))
  const kept = tags ? normal('tags') : [...ticket.tags.filter((tag) => !removed.has(tag)), ...normal('addTags')]
  const next = [...new Set(kept)]
  if (next.length > TAG_COUNT)
    refuse('INVALID_INPUT', tags ? 'tags' : 'addTags', `A ticket has at most ${TAG_COUNT} tags.`)
  return next
}

function patchedPriority(ticket: TicketState, patch: TicketPatch, refuse: Refuse): TicketPriority | null {
  if (patch.priority === undefined) return ticket.priority
  // F67
  if (patch.priority === null && ticket.priority !== null)
    refuse('PRIORITY_CANNOT_BE_CLEARED', 'priority', 'A priority can be changed, but not taken away.')
  return patch.priority
}

/** Status, assignee and group hang together. */
function patchedWork(
  ticket: TicketState,
  patch: TicketPatch,
  facts: PatchFacts,
  refuse: Refuse,
): Pick<Mutable, 'status' | 'assigneeId' | 'groupId'> {
  if (ticket.status === 'CLOSED') {
    // F68: what a closed ticket still takes are tags, subject and priority.
    for (const field of ['status', 'assigneeId', 'groupId'] as const) {
      if (patch[field] !== undefined && patch[field] !== ticket[field])
        refuse(
          'CLOSED_TICKET',
          field,
          'A closed ticket takes no more work; only its tags, subject and priority change.',
        )
    }
    return { status: ticket.status, assigneeId: ticket.assigneeId, groupId: ticket.groupId }
  }

  const groupId = patch.groupId === undefined ? ticket.groupId : patch.groupId
  const groupExists = !patch.groupId || facts.groupIds.has(patch.groupId)
  if (!groupExists) refuse('NOT_FOUND', 'groupId', 'There is no group with this id.')
  // What a group that is not there would make of the rest is not worth a second complaint.
  const fitsGroup = (id: string) =>
    groupId === null || !groupExists || facts.people.get(id)?.groupIds.includes(groupId) === true

  let assigneeId = patch.assigneeId === undefined ? ticket.assigneeId : patch.assigneeId
  const assignable = patchedAssignee(ticket, patch, facts, refuse)
  let status = patchedStatus(ticket, patch, refuse)

  if (status === 'SOLVED' && assigneeId === null && (patch.assigneeId === null || ticket.status !== 'SOLVED')) {
    // F67: whoever solves a ticket that nobody works on is its assignee, unless they said otherwise.
    if (patch.assigneeId === null)
      refuse('ASSIGNEE_REQUIRED', 'assigneeId', 'A solved ticket has an assignee; it cannot be taken away.')
    else if (!fitsGroup(facts.actorId))
      refuse('ASSIGNEE_REQUIRED', 'status', 'Name an assignee: you solve it, but are not in the ticket’s group.')
    else assigneeId = facts.actorId
  } else if (
    assignable &&
    assigneeId !== null &&
    (assigneeId !== ticket.assigneeId || groupId !== ticket.groupId) &&
    !fitsGroup(assigneeId)
  ) {
    const field = patch.assigneeId ? 'assigneeId' : 'groupId'
    refuse('NOT_IN_GROUP', field, 'The assignee is not in the group; change one, or take it away, in the same update.')
  }

  // F65; a status that was asked for with the assignee counts.
  if (status === ticket.status && assigneeId !== null && assigneeId !== ticket.assigneeId)
    status = TRANSITIONS[status].assigned
  return { status, assigneeId, groupId }
}

/** False when the patch names somebody who cannot be assigned. */
function patchedAssignee(ticket: TicketState, patch: TicketPatch, facts: PatchFacts, refuse: Refuse): boolean {
  if (!patch.assigneeId || patch.assigneeId === ticket.assigneeId) return true
  const person = facts.people.get(patch.assigneeId)
  if (person?.active && person.role !== 'END_USER') return true
  if (!person) refuse('NOT_FOUND', 'assigneeId', 'There is no user with this id.')
  else refuse('NOT_AN_AGENT', 'assigneeId', 'Only an active agent or administrator can be assigned.')
  return false
}

function patchedStatus(ticket: TicketState, patch: TicketPatch, refuse: Refuse): TicketStatus {
  const { status } = patch
  if (status === undefined || status === ticket.status) return ticket.status
  if (status === null) refuse('INVALID_INPUT', 'status', 'A status cannot be taken away.')
  else if (status === 'CLOSED')
    refuse('INVALID_TRANSITION', 'status', 'Tickets are closed by themselves, some days after they were solved.')
  else if (!TRANSITIONS[ticket.status].byHand.includes(status))
    refuse('INVALID_TRANSITION', 'status', `A ticket does not go from ${ticket.status} to ${status}.`)
  return status ?? ticket.status
}

function difference(ticket: TicketState, next: Mutable): PatchDecision {
  const same = (field: keyof Mutable) =>
    field === 'tags'
      ? ticket.tags.length === next.tags.length && ticket.tags.every((tag, index) => tag === next.tags[index])
      : ticket[field] === next[field]
  const changed = (['subject', 'status', 'priority', 'assigneeId', 'groupId', 'tags'] as const).filter(
    (field) => !same(field),
  )
  const pick = (from: Mutable, fields: readonly (keyof Mutable)[]): Partial<Mutable> =>
    Object.fromEntries(fields.map((field) => [field, from[field]]))
  return {
    changed,
    changes: pick(next, changed),
    before: pick(
      ticket,
      changed.filter((field) => field !== 'subject'),
    ),
  }
}

/** What is wrong with the text of a comment; undefined when nothing is. */
export function commentProblem(body: string): string | undefined {
  if (body.trim() === '') return 'A comment cannot be empty.'
  if ([...body].length > COMMENT_LENGTH) return `A comment has at most ${COMMENT_LENGTH} characters.`
  if (!isStorable(body)) return 'The comment holds characters that are not text.'
  return undefined
}
