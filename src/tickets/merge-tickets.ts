import { v7 as uuidv7 } from 'uuid'
import type { UserError } from '../domain/errors.ts'
import { decideMerge, MERGE_SOURCES, type MergedSource, mergedNote, mergeNote } from '../domain/merge.ts'
import { commentProblem } from '../domain/ticket.ts'
import type { Audience } from '../domain/visibility.ts'
import type { ChangeScope, Store } from '../store/store.ts'
import { type LockedTicket, lockTickets } from './lock-ticket.ts'
import type { Done, Outcome } from './outcome.ts'
import { snapshotOf } from './snapshot.ts'

/** What somebody wants merged (F70). */
export interface Merge {
  readonly sourceIds: readonly string[]
  readonly targetId: string
  /** What the target is told in place of the sources' names. */
  readonly targetComment?: string | null | undefined
  /** What each source is told in place of the target's name. */
  readonly sourceComment?: string | null | undefined
}

/**
 * Merges tickets into one, in one transaction (F70): the sources close, each with a note that names the target; the target
 * gets their tags and a note that names them. The notes are private, for all tickets here are from X. Answers that wait on
 * a source are sent from there. `ticketId` of the outcome is the target's.
 */
export async function mergeTickets(store: Pick<Store, 'change'>, person: Audience, merge: Merge): Promise<Outcome> {
  const sourceIds = [...new Set(merge.sourceIds)]
  const { value, position } = await store.change({ kind: 'user', id: person.userId }, async (scope): Promise<Done> => {
    const problems = problemsOf(merge, sourceIds)
    if (problems.length > 0) return { ticketId: null, userErrors: problems }
    const { targetId } = merge
    const locked = await lockTickets(scope, person, [...sourceIds, targetId])
    const target = locked.get(targetId)
    const sources = sourceIds.flatMap((id) => locked.get(id) ?? [])
    if (!target) return { ticketId: null, userErrors: [notFound('targetId')] }
    if (sources.length < sourceIds.length) return { ticketId: targetId, userErrors: [notFound('sourceIds')] }
    const decision = decideMerge(sources.map(mergeable), mergeable(target))
    if (decision.userErrors) return { ticketId: targetId, userErrors: decision.userErrors }
    await closeSources(scope, person, sources, target, merge.sourceComment)
    await tellTarget(scope, person, target, sources, decision.tags, merge.targetComment)
    return { ticketId: targetId, userErrors: [] }
  })
  return { ...value, position }
}

const mergeable = ({ ticket, deletedAt }: LockedTicket) => ({ ...ticket, deleted: deletedAt !== null })

const notFound = (field: string): UserError => ({
  code: 'NOT_FOUND',
  field: [field],
  message: 'There is no ticket with this id.',
})

function problemsOf(merge: Merge, sourceIds: readonly string[]): UserError[] {
  const errors: UserError[] = []
  const refuse = (field: string, message: string) => errors.push({ code: 'INVALID_INPUT', field: [field], message })
  if (sourceIds.length === 0) refuse('sourceIds', 'Name at least one ticket to merge.')
  if (sourceIds.length > MERGE_SOURCES) refuse('sourceIds', `At most ${MERGE_SOURCES} tickets are merged at a time.`)
  for (const field of ['targetComment', 'sourceComment'] as const) {
    const text = merge[field]
    const problem = typeof text === 'string' ? commentProblem(text) : undefined
    if (problem) refuse(field, problem)
  }
  return errors
}

async function closeSources(
  { db, emit }: ChangeScope,
  person: Audience,
  sources: readonly LockedTicket[],
  target: LockedTicket,
  comment: string | null | undefined,
): Promise<void> {
  const { now } = target
  const body = comment ?? mergedNote(target.ticket)
  const notes = sources.map(({ ticket }) => ({ ...noteBy(person), ticketId: ticket.id }))
  await db.comment.createMany({
    data: notes.map((note) => ({ ...note, channel: 'API', body, postedAt: now, createdAt: now })),
  })
  await db.ticket.updateMany({
    where: { id: { in: sources.map(({ ticket }) => ticket.id) } },
    data: {
      status: 'CLOSED',
      mergedIntoId: target.ticket.id,
      commentCount: { increment: 1 },
      updatedAt: now,
    },
  })
  sources.forEach(({ ticket }, index) => {
    const after = { ...snapshotOf(ticket), status: 'CLOSED' as const }
    const note = notes[index]
    if (note) emit({ type: 'comment.created', ticket: after, comment: refOf(note) })
    emit({ type: 'ticket.updated', ticket: after, before: { status: ticket.status }, changed: ['status'] })
    emit({ type: 'ticket.merged', ticket: after, intoId: target.ticket.id, sourceIds: [] })
  })
}

async function tellTarget(
  { db, emit }: ChangeScope,
  person: Audience,
  { ticket, now }: LockedTicket,
  sources: readonly LockedTicket[],
  tags: readonly string[],
  comment: string | null | undefined,
): Promise<void> {
  const body = comment ?? mergeNote(await withUnsent(db, sources))
  const note = noteBy(person)
  const data = { ...note, ticketId: ticket.id, channel: 'API', body, postedAt: now, createdAt: now } as const
  await db.comment.create({ data })
  await db.ticket.update({
    where: { id: ticket.id },
    data: { tags: [...tags], commentCount: { increment: 1 }, updatedAt: now },
  })
  const before = snapshotOf(ticket)
  const after = { ...before, tags: [...tags] }
  emit({ type: 'comment.created', ticket: after, comment: refOf(note) })
  if (tags.length !== before.tags.length)
    emit({ type: 'ticket.updated', ticket: after, before: { tags: before.tags }, changed: ['tags'] })
  emit({ type: 'ticket.merged', ticket: after, intoId: null, sourceIds: sources.map((source) => source.ticket.id) })
}

/** The sources by their numbers, and how many answers wait on each: the customer expects those still. */
async function withUnsent(db: ChangeScope['db'], sources: readonly LockedTicket[]): Promise<MergedSource[]> {
  const ids = sources.map(({ ticket }) => ticket.id)
  const rows = await db.$queryRaw<{ id: string; unsent: number }[]>`
    SELECT d.ticket_id::text AS id, count(*)::int AS unsent FROM delivery d
    WHERE d.ticket_id = ANY(${ids}::uuid[]) AND d.finished_at IS NULL GROUP BY d.ticket_id`
  const unsent = new Map(rows.map((row) => [row.id, row.unsent]))
  return sources.map(({ ticket: { id, number } }) => ({ number, unsent: unsent.get(id) ?? 0 }))
}

interface Note {
  readonly id: string
  readonly authorId: string
  readonly direction: 'OUTBOUND'
  readonly visibility: 'PRIVATE'
}

const noteBy = ({ userId }: Audience): Note => ({
  id: uuidv7(),
  authorId: userId,
  direction: 'OUTBOUND',
  visibility: 'PRIVATE',
})

const refOf = ({ id, authorId, direction, visibility }: Note): Note => ({ id, authorId, direction, visibility })
