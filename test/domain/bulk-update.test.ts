import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decideBulkItem, decideUndo, paceOf } from '../../src/domain/bulk-update.ts'
import { TICKET_PRIORITIES, TICKET_STATUSES } from '../../src/domain/event.ts'
import { decidePatch, type PatchFacts, type TicketState } from '../../src/domain/ticket.ts'

const PEOPLE = ['ann', 'bob', 'eve', 'nobody']
const GROUPS = ['g1', 'g2', 'gone']
const facts: PatchFacts = {
  actorId: 'ann',
  people: new Map([
    ['ann', { role: 'AGENT', active: true, groupIds: ['g1'] }],
    ['bob', { role: 'AGENT', active: true, groupIds: ['g1', 'g2'] }],
    ['eve', { role: 'END_USER', active: true, groupIds: [] }],
  ]),
  groupIds: new Set(['g1', 'g2']),
}
const tags = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 }).map((list) => [...new Set(list)])
const ticketState = fc.record({
  id: fc.constant('t'),
  number: fc.constant(1),
  subject: fc.constant('s'),
  status: fc.constantFrom(...TICKET_STATUSES),
  priority: fc.option(fc.constantFrom(...TICKET_PRIORITIES)),
  channel: fc.constant('X_CORP' as const),
  accountId: fc.constant('x'),
  requesterId: fc.constant('r'),
  assigneeId: fc.option(fc.constantFrom('ann', 'bob')),
  groupId: fc.option(fc.constantFrom('g1', 'g2')),
  tags,
})
const patch = fc.record(
  {
    status: fc.constantFrom(...TICKET_STATUSES),
    priority: fc.option(fc.constantFrom(...TICKET_PRIORITIES)),
    assigneeId: fc.option(fc.constantFrom(...PEOPLE)),
    groupId: fc.option(fc.constantFrom(...GROUPS)),
    addTags: tags,
    removeTags: tags,
  },
  { requiredKeys: [] },
)
const found = (ticket: TicketState, version = 3, changedSince = false) => ({
  ticket,
  version,
  deleted: false,
  changedSince,
})

describe('an item of a bulk update', () => {
  it('is decided as updateTicket decides, whatever the ticket and the patch', () => {
    fc.assert(
      fc.property(ticketState, patch, (ticket, given) => {
        const alone = decidePatch(ticket, given, facts)
        const inBulk = decideBulkItem(found(ticket), given, null, facts)
        if (alone.userErrors) expect(inBulk).toEqual({ outcome: 'FAILED', errors: alone.userErrors })
        else if (alone.changed.length === 0) expect(inBulk).toEqual({ outcome: 'UNCHANGED' })
        else expect(inBulk).toEqual({ outcome: 'CHANGED', note: null, reply: false, ...alone })
      }),
    )
  })

  it('is as before once it is undone', () => {
    fc.assert(
      fc.property(ticketState, patch, (ticket, given) => {
        const decision = decideBulkItem(found(ticket), given, null, facts)
        fc.pre(decision.outcome === 'CHANGED')
        const after = { ...ticket, ...decision.changes }
        const undone = decideUndo(found(after, 4), decision.before, 4, facts)
        // A ticket may have had an assignee outside its group; that is not brought about again.
        if (undone.outcome === 'FAILED') expect(undone.errors[0].code).toBe('NOT_IN_GROUP')
        else expect(undone.outcome === 'CHANGED' && { ...after, ...undone.changes }).toEqual(ticket)
      }),
    )
  })

  const ticket = fc.sample(ticketState, { numRuns: 1, seed: 1 })[0] as TicketState
  const open: TicketState = { ...ticket, status: 'OPEN', tags: [] }
  it.each([
    ['no ticket', undefined, null, 'NOT_FOUND'],
    ['the version that the caller knows', found(open, 3), 3, 'CHANGED'],
    ['another version', found(open, 4), 3, 'CONFLICT'],
    ['a change since the position', found(open, 3, true), null, 'CONFLICT'],
    ['a deleted ticket (F69)', { ...found(open), deleted: true }, null, 'FAILED'],
    ['a closed ticket, and a note', found({ ...open, status: 'CLOSED' }), null, 'FAILED'],
  ] as const)('with %s', (_name, one, version, outcome) => {
    expect(decideBulkItem(one, { addTags: ['z'], comment: 'Hello.' }, version, facts).outcome).toBe(outcome)
  })
})

describe('an undo', () => {
  const state = fc.sample(ticketState, { numRuns: 1, seed: 1 })[0] as TicketState
  const now = { ...state, status: 'OPEN', priority: 'LOW', assigneeId: null, groupId: null } as const
  const old = { priority: 'HIGH' } as const
  const same = { priority: 'LOW' } as const
  it.each([
    ['fields', old, {}, false, 'CHANGED', []],
    ['fields that are so already', same, {}, false, 'UNCHANGED', []],
    ['fields and a note', old, { noted: true }, false, 'CHANGED', ['NOTE_STAYS']],
    ['a note alone', {}, { noted: true }, false, 'FAILED', ['NOTE_STAYS']],
    ['an answer that waits', {}, { answered: true }, true, 'CHANGED', []],
    ['fields and an answer that waits', old, { answered: true }, true, 'CHANGED', []],
    ['an answer that does not wait', {}, { answered: true }, false, 'FAILED', ['ANSWER_NOT_WAITING']],
    ['fields and an answer that does not', old, { answered: true }, false, 'CHANGED', ['ANSWER_NOT_WAITING']],
    ['an answer that waits, and a note', {}, { answered: true, noted: true }, true, 'CHANGED', ['NOTE_STAYS']],
    ['both', {}, { answered: true, noted: true }, false, 'FAILED', ['NOTE_STAYS', 'ANSWER_NOT_WAITING']],
    ['an undo that withdrew an answer', {}, { withdrew: true }, false, 'FAILED', ['ANSWER_WITHDRAWN']],
    ['a group that is gone', { groupId: 'gone' }, { noted: true }, false, 'FAILED', ['NOT_FOUND']],
    ['who is no agent any more', { assigneeId: 'eve' }, {}, false, 'FAILED', ['NOT_AN_AGENT']],
    ['who left the group', { assigneeId: 'ann', groupId: 'g2' }, {}, false, 'FAILED', ['NOT_IN_GROUP']],
  ] as const)('of %s', (_what, restore, traces, replyWaits, outcome, errors) => {
    const decision = decideUndo({ ...found(now), replyWaits }, restore, 3, facts, traces)
    const codes = 'errors' in decision && decision.errors ? decision.errors.map(({ code }) => code) : []
    expect([decision.outcome, codes]).toEqual([outcome, errors])
  })
})

it('the rate is that of the time until the last batch, and the rest takes as long as it says', () => {
  const job = { total: 1_000, done: 250, startedAt: new Date(0), updatedAt: new Date(5_000), finishedAt: null }
  expect(paceOf(job)).toEqual({ ratePerSecond: 50, etaSeconds: 15 })
  expect(paceOf({ ...job, done: 0 })).toEqual({ ratePerSecond: null, etaSeconds: null })
  expect(paceOf({ ...job, finishedAt: new Date(5_000) }).etaSeconds).toBe(0)
})
