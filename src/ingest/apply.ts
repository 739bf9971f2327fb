import type { Decision } from '../domain/capture.ts'
import type { Actor, TicketSnapshot } from '../domain/event.ts'
import type { ChangeScope, Store } from '../store/store.ts'
import type { CursorMove } from './cursor.ts'
import { readFacts } from './facts.ts'
import type { ReceivedPost, SeenProfile } from './parse.ts'
import { type Plan, planBatch } from './plan.ts'
import { isUniqueViolation } from './refusal.ts'
import { insertComments, insertTickets, insertWaits, saveCursors, updateTickets, upsertRequesters } from './rows.ts'

export interface Applied {
  readonly decisions: ReadonlyMap<string, Decision>
}

const INGEST: Actor = { kind: 'system', part: 'ingest' }
const ATTEMPTS = 10

/**
 * One batch, one transaction: decides about every post and carries it out, with the cursors. Deliveries of the same
 * conversations wait for one another (`readFacts`). Whoever else opens a ticket or keeps a post at the same moment makes
 * one of the two meet a unique index; this one starts over then, and finds what the other did.
 */
export async function applyPosts(
  store: Store,
  received: readonly ReceivedPost[],
  cursors: readonly CursorMove[] = [],
): Promise<Applied> {
  for (let tries = 1; ; tries++) {
    try {
      const { value } = await store.change(INGEST, (scope) => apply(scope, received, cursors))
      return value
    } catch (error) {
      if (tries >= ATTEMPTS || !isUniqueViolation(error)) throw error
    }
  }
}

async function apply(
  scope: ChangeScope,
  received: readonly ReceivedPost[],
  cursors: readonly CursorMove[],
): Promise<Applied> {
  const { db } = scope
  if (received.length === 0) {
    await saveCursors(db, cursors)
    return { decisions: new Map() }
  }
  const facts = await readFacts(
    db,
    received.map(({ post }) => post),
  )
  const plan = planBatch(received, facts)
  // The same author may come from one page by id alone and from another in full.
  const authors = new Map<string, SeenProfile>()
  for (const { author } of received) if (author.name !== null || !authors.has(author.id)) authors.set(author.id, author)
  const requesters = await upsertRequesters(db, authorsOf(plan, authors))
  const numbers = await insertTickets(db, plan, requesters)
  await insertComments(db, plan.comments, requesters)
  await updateTickets(db, plan)
  await insertWaits(db, plan.waits)
  await noteTraffic(db, plan)
  // What came for an account that was shut out or switched off while it was read is nothing now, and is read again later.
  const active = new Set(facts.accounts.filter(({ status }) => status === 'ACTIVE').map(({ id }) => id))
  await saveCursors(
    db,
    cursors.filter(({ accountId }) => active.has(accountId)),
  )
  emitEvents(scope, plan, facts.threads, requesters, numbers)
  return { decisions: plan.decisions }
}

/** F48: a post of a customer that became a ticket or a comment is traffic. Noted once a minute: the account's row is no hot spot. */
async function noteTraffic(db: ChangeScope['db'], plan: Plan): Promise<void> {
  const accountIds = new Set<string>()
  for (const decision of plan.decisions.values()) {
    const inbound = decision.kind === 'OPEN_TICKET' || (decision.kind === 'COMMENT' && decision.direction === 'INBOUND')
    if (inbound) accountIds.add(decision.accountId)
  }
  if (accountIds.size === 0) return
  await db.$executeRaw`
    UPDATE account SET last_traffic_at = now(), inactivity_warned_days = 0
    WHERE id = ANY(${[...accountIds]}::uuid[])
      AND (last_traffic_at < now() - interval '1 minute' OR inactivity_warned_days > 0)`
}

function authorsOf<T>(plan: Plan, authors: ReadonlyMap<string, T>): T[] {
  const wanted = new Set<string>()
  for (const { authorId } of plan.comments) if (authorId) wanted.add(authorId)
  for (const { post } of plan.waits) wanted.add(post.authorId)
  return [...wanted].flatMap((id) => authors.get(id) ?? [])
}

function emitEvents(
  { emit }: ChangeScope,
  plan: Plan,
  threads: ReadonlyMap<string, { snapshot: TicketSnapshot }>,
  requesters: ReadonlyMap<string, string>,
  numbers: ReadonlyMap<string, number>,
): void {
  const snapshots = new Map<string, TicketSnapshot>()
  for (const { snapshot } of threads.values()) snapshots.set(snapshot.id, snapshot)
  for (const ticket of plan.tickets) {
    snapshots.set(ticket.id, {
      id: ticket.id,
      number: numbers.get(ticket.id) ?? 0,
      status: 'NEW',
      priority: null,
      channel: 'X_CORP',
      accountId: ticket.accountId,
      requesterId: requesters.get(ticket.authorId) ?? '',
      assigneeId: null,
      groupId: null,
      tags: [],
    })
  }
  for (const comment of plan.comments) {
    const was = snapshots.get(comment.ticketId)
    if (!was) continue
    const authorId = comment.authorId ? (requesters.get(comment.authorId) ?? null) : null
    const actor: Actor = authorId ? { kind: 'requester', id: authorId } : INGEST
    const ticket = { ...was, status: comment.after }
    snapshots.set(ticket.id, ticket)
    if (comment.opens) {
      emit({ type: 'ticket.created', ticket, commentId: comment.id }, actor)
      continue
    }
    const { id, direction } = comment
    emit({ type: 'comment.created', ticket, comment: { id, authorId, direction, visibility: 'PUBLIC' } }, actor)
    if (comment.before !== comment.after) {
      emit({ type: 'ticket.updated', ticket, before: { status: comment.before }, changed: ['status'] }, actor)
    }
  }
  for (const { post, accountId } of plan.waits) {
    emit({ type: 'incomingPost.created', postId: post.id, accountId, state: 'WAITING' })
  }
}
