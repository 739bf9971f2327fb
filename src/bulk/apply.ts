import { deliveryChanged, type EventBody } from '../domain/event.ts'
import type { PatchFacts } from '../domain/ticket.ts'
import type { Audience } from '../domain/visibility.ts'
import type { BulkUpdateJob } from '../generated/prisma/client.ts'
import type { BulkReplies, BulkReplyAsked } from '../outbound/bulk-replies.ts'
import type { ChangeScope } from '../store/store.ts'
import { readPatchFacts } from '../tickets/patch-facts.ts'
import { snapshotOf } from '../tickets/snapshot.ts'
import { type Decided, type Deed, decide, type Kept } from './decide.ts'
import { clock } from './jobs.ts'
import { type FoundTicket, type Item, type Result, readTickets, writeNotes, writeTickets } from './rows.ts'

/** An item with what is to be done, and what was decided about it. */
interface Done extends Decided {
  readonly place: number
  readonly deed: Deed
}

/** Decides about the items of a batch, and does it: tickets, notes, answers and what the log says of them. */
export async function apply(
  scope: ChangeScope,
  replies: BulkReplies,
  job: BulkUpdateJob,
  person: Audience,
  items: readonly Item[],
): Promise<Result[]> {
  const { db, emit } = scope
  const ifPosition = job.ifPosition === null ? null : Number(job.ifPosition)
  const ids = items.map(({ ticketId }) => ticketId)
  const found = await readTickets(db, person, ids, { ifPosition, lock: true })
  const due = items.map((item) => ({ ...item, deed: deedOf(job, item) }))
  const facts = await readPatchFacts(db, {
    actorId: person.userId,
    patches: [...new Set(due.map(({ deed }) => (deed.kind === 'patch' ? deed.patch : deed.kept)))],
    tickets: [...found.values()].map(({ ticket }) => ticket),
  })
  const now = await clock(db)
  const answers = await replies.decide(scope, repliesAsked(found, answerable(found, due, facts, now)), 'make')
  const waiting = await replies.waiting(
    scope,
    due.flatMap(({ deed }) => repliedWith(deed) ?? []),
  )
  const done = due.map(({ place, ticketId, deed }): Done => {
    const ticket = found.get(ticketId)
    const replyWaits = waiting.has(repliedWith(deed) ?? '')
    return { place, deed, ...decide(ticket && { ...ticket, replyWaits }, deed, facts, now, answers.get(ticketId)) }
  })
  const written = done.flatMap((one) => one.written ?? [])
  await writeTickets(db, written, now)
  const notes = await writeNotes(db, person.userId, written, now)
  const given = await replies.write(
    scope,
    person.userId,
    written.flatMap(({ after, reply }) => (reply === null ? [] : [{ ticketId: after.id, reply }])),
    now,
  )
  await replies.withdraw(
    scope,
    done.flatMap((one) => withdrawn(one) ?? []),
  )
  for (const one of done) for (const body of eventsOf(one, person, { notes, given, waiting })) emit(body)
  return done.map((one) => resultOf(one, given))
}

function deedOf(job: BulkUpdateJob, { patch, ifVersion }: Item): Deed {
  if (job.undoOfId !== null && ifVersion !== null)
    return { kind: 'undo', kept: (patch ?? {}) as Kept, version: ifVersion }
  // What is in the column was checked on its way in.
  const shared = job.patch as Extract<Deed, { kind: 'patch' }>['patch'] | null
  return { kind: 'patch', patch: patch ?? shared ?? {}, ifVersion }
}

/** Those whose tickets nothing else stands against: a link that is not sent is not made. */
export function answerable<T extends { readonly ticketId: string; readonly deed: Deed }>(
  found: ReadonlyMap<string, FoundTicket>,
  due: readonly T[],
  facts: PatchFacts,
  now: Date,
): T[] {
  const asks = ({ deed }: T) => deed.kind === 'patch' && Boolean(deed.patch.reply)
  return due.filter(
    (one) => asks(one) && decide(found.get(one.ticketId), one.deed, facts, now).decision.outcome === 'CHANGED',
  )
}

/** The answers that the patches ask for, of the tickets that there are. */
export function repliesAsked(
  found: ReadonlyMap<string, FoundTicket>,
  due: readonly { readonly ticketId: string; readonly deed: Deed }[],
): BulkReplyAsked[] {
  return due.flatMap(({ ticketId, deed }) => {
    const ticket = found.get(ticketId)
    const reply = deed.kind === 'patch' ? deed.patch.reply : null
    return ticket && reply ? [{ ticket: ticket.ticket, ...reply }] : []
  })
}

/** Of an undo: the comment that the bulk update answered with. */
const repliedWith = (deed: Deed): string | undefined => (deed.kind === 'undo' ? deed.kept.replyId : undefined)

const withdrawn = ({ decision, deed }: Done): string | undefined =>
  decision.outcome === 'CHANGED' && decision.reply ? repliedWith(deed) : undefined

interface Comments {
  /** By ticket, what was added. */
  readonly notes: ReadonlyMap<string, string>
  readonly given: ReadonlyMap<string, string>
  /** By comment, who wrote the answers that wait. */
  readonly waiting: ReadonlyMap<string, string>
}

function* eventsOf(one: Done, { userId }: Audience, { notes, given, waiting }: Comments): Generator<EventBody> {
  const { decision, written } = one
  if (decision.outcome !== 'CHANGED' || !written) return
  const ticket = snapshotOf(written.after)
  const { before, changed } = decision
  if (changed.length > 0) yield { type: 'ticket.updated', ticket, before, changed: [...changed] }
  const added = [
    [notes.get(ticket.id), 'PRIVATE'],
    [given.get(ticket.id), 'PUBLIC'],
  ] as const
  for (const [id, visibility] of added) {
    if (id === undefined) continue
    yield { type: 'comment.created', ticket, comment: { id, authorId: userId, direction: 'OUTBOUND', visibility } }
  }
  const id = withdrawn(one)
  const authorId = id === undefined ? undefined : waiting.get(id)
  if (id === undefined || authorId === undefined) return
  const comment = { id, authorId, direction: 'OUTBOUND', visibility: 'PUBLIC' } as const
  yield deliveryChanged(ticket, comment, 'QUEUED', 'FAILED')
}

function resultOf({ place, decision, written, kept }: Done, given: ReadonlyMap<string, string>): Result {
  const replyId = written ? given.get(written.after.id) : undefined
  return {
    place,
    outcome: decision.outcome,
    errors: 'errors' in decision ? decision.errors : null,
    before: kept && { ...kept, ...(replyId !== undefined && { replyId }) },
    version: written ? written.found.version + 1 : null,
  }
}
