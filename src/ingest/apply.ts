import type { Actor } from '../domain/event.ts'
import type { ChangeScope, Store } from '../store/store.ts'
import { claimAnswers } from './claims.ts'
import type { CursorMove } from './cursor.ts'
import { readFacts } from './facts.ts'
import { happenings } from './happenings.ts'
import type { Item } from './item.ts'
import { planBatch } from './plan.ts'
import type { Outcome, Plan } from './planned.ts'
import { isUniqueViolation } from './refusal.ts'
import { changeComments, insertComments } from './rows-comments.ts'
import { saveCursors } from './rows-cursors.ts'
import { keepFollows, keepLikes } from './rows-follows.ts'
import { changeIncoming, followComments, insertWaits, keepRemoved } from './rows-incoming.ts'
import { upsertRequesters } from './rows-people.ts'
import { keepQuotes } from './rows-quotes.ts'
import { insertTickets, redactSubjects, stopImports, updateTickets } from './rows-tickets.ts'

const INGEST: Actor = { kind: 'system', part: 'ingest' }
const ATTEMPTS = 10

/** What became of the items of a batch. */
export type Outcomes = ReadonlyMap<Item, Outcome>

/**
 * One batch, one transaction: decides about every item and carries it out, with the cursors. Deliveries of the same
 * conversations wait for one another (`readFacts`). Whoever else opens a ticket or keeps a post at the same moment makes
 * one of the two meet a unique index; this one starts over then, and finds what the other did.
 */
export async function applyItems(
  store: Store,
  items: readonly Item[],
  cursors: readonly CursorMove[] = [],
): Promise<Outcomes> {
  const { value } = await meetingOthers(() => store.change(INGEST, (scope) => applyWithin(scope, items, cursors)))
  return value
}

/** Again when a unique index was met: what the other one wrote is found then. */
export async function meetingOthers<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      if (tries >= ATTEMPTS || !isUniqueViolation(error)) throw error
    }
  }
}

/** The same within a change that somebody else makes; who must try again when a unique index is met. */
export async function applyWithin(
  scope: ChangeScope,
  items: readonly Item[],
  cursors: readonly CursorMove[] = [],
): Promise<Outcomes> {
  const { db, emit } = scope
  if (items.length === 0) {
    await saveCursors(db, cursors)
    return new Map()
  }
  const facts = await readFacts(db, items)
  const plan = await claimAnswers(scope, planBatch(items, facts))
  const requesters = await upsertRequesters(db, [...plan.people.values()])
  await stopImports(db, plan)
  const numbers = await insertTickets(db, plan, requesters)
  await insertComments(db, plan, requesters)
  await updateTickets(db, plan)
  const renamed = await redactSubjects(db, plan)
  await changeComments(db, plan)
  await insertWaits(db, plan)
  await changeIncoming(db, plan)
  const followed = await followComments(db, plan)
  await keepRemoved(db, plan)
  await keepQuotes(db, items)
  await keepLikes(db, plan)
  await keepFollows(db, plan)
  await noteTraffic(db, plan)
  // What came for an account that was shut out or switched off while it was read is nothing now, and is read again later.
  const active = new Set(facts.accounts.filter(({ status }) => status === 'ACTIVE').map(({ id }) => id))
  await saveCursors(
    db,
    cursors.filter(({ accountId }) => active.has(accountId)),
  )
  for (const { body, actor } of happenings(plan, facts, { requesters, numbers, renamed, followed })) emit(body, actor)
  return plan.outcomes
}

/** F48: what a customer says on a ticket is traffic. Noted once a minute: the account's row is no hot spot. */
async function noteTraffic(db: ChangeScope['db'], plan: Plan): Promise<void> {
  const accountIds = new Set<string>()
  for (const { decision } of plan.outcomes.values()) {
    const inbound = decision.kind === 'OPEN_TICKET' || (decision.kind === 'COMMENT' && decision.direction === 'INBOUND')
    if (inbound) accountIds.add(decision.accountId)
  }
  if (accountIds.size === 0) return
  await db.$executeRaw`
    UPDATE account SET last_traffic_at = now(), inactivity_warned_days = 0
    WHERE id = ANY(${[...accountIds]}::uuid[])
      AND (last_traffic_at < now() - interval '1 minute' OR inactivity_warned_days > 0)`
}
