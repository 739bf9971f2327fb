import { describe, expect, it } from 'vitest'
import type { UserError, UserErrorCode } from '../../src/domain/errors.ts'
import { TICKET_STATUSES, type TicketStatus } from '../../src/domain/event.ts'
import {
  COMMENT_LENGTH,
  commentProblem,
  decidePatch,
  type PatchFacts,
  type Person,
  SUBJECT_LENGTH,
  type TicketPatch,
  type TicketState,
} from '../../src/domain/ticket.ts'
import { TRANSITIONS } from '../../src/domain/ticket-transitions.ts'

const ticket: TicketState = {
  id: 't',
  number: 1,
  subject: 'Parcel',
  status: 'NEW',
  priority: null,
  channel: 'X_CORP',
  accountId: 'a',
  requesterId: 'customer',
  assigneeId: null,
  groupId: null,
  tags: [],
}

const agent = { role: 'AGENT', active: true, groupIds: ['billing'] } as const
const facts: PatchFacts = {
  actorId: 'me',
  people: new Map<string, Person>([
    ['me', agent],
    ['other', { role: 'ADMIN', active: true, groupIds: [] }],
    ['gone', { role: 'AGENT', active: false, groupIds: [] }],
    ['customer', { role: 'END_USER', active: true, groupIds: [] }],
  ]),
  groupIds: new Set(['billing', 'sales']),
}

const decide = (state: Partial<TicketState>, patch: TicketPatch) => decidePatch({ ...ticket, ...state }, patch, facts)
const codes = (state: Partial<TicketState>, patch: TicketPatch): string[] => {
  const errors: readonly UserError[] = decide(state, patch).userErrors ?? []
  return errors.map(({ code, field }) => `${code} ${field.join('.')}`)
}
const changes = (state: Partial<TicketState>, patch: TicketPatch) => {
  const decision = decide(state, patch)
  return decision.userErrors ? decision.userErrors : decision.changes
}

describe('status by hand', () => {
  // Rows: from; columns: to, in the order of TICKET_STATUSES. = stays, + goes, t refused, c refused: closed.
  const TABLE: Record<TicketStatus, string> = {
    NEW: '=++++t',
    OPEN: 't=+++t',
    PENDING: 't+=++t',
    HOLD: 't++=+t',
    SOLVED: 't+++=t',
    CLOSED: 'ccccc=',
  }
  const EXPECTED: Record<string, UserErrorCode> = { t: 'INVALID_TRANSITION', c: 'CLOSED_TICKET' }
  const cases = TICKET_STATUSES.flatMap((from) =>
    TICKET_STATUSES.map((to, index) => [from, to, TABLE[from].charAt(index)] as const),
  )

  it.each(cases)('%s to %s: %s', (from, to, mark) => {
    const decision = decide({ status: from, assigneeId: 'me' }, { status: to })
    if (EXPECTED[mark]) expect(decision.userErrors?.map(({ code }) => code)).toEqual([EXPECTED[mark]])
    else if (mark === '=') expect(decision).toMatchObject({ changes: {}, changed: [] })
    else expect(decision).toMatchObject({ changes: { status: to }, before: { status: from }, changed: ['status'] })
  })

  it('never leads back to NEW (F65), nor to CLOSED (F68)', () => {
    expect(Object.values(TRANSITIONS).flatMap(({ byHand }) => byHand)).not.toContain('NEW')
    expect(Object.values(TRANSITIONS).flatMap(({ byHand }) => byHand)).not.toContain('CLOSED')
  })

  it('cannot be taken away', () => {
    expect(codes({}, { status: null })).toEqual(['INVALID_INPUT status'])
  })
})

describe('assignment', () => {
  it('opens a new ticket (F65), also one that is asked to stay NEW', () => {
    expect(changes({}, { assigneeId: 'me' })).toEqual({ assigneeId: 'me', status: 'OPEN' })
    expect(changes({}, { assigneeId: 'me', status: 'NEW' })).toEqual({ assigneeId: 'me', status: 'OPEN' })
  })
  it('leaves every other status alone', () => {
    expect(changes({ status: 'PENDING' }, { assigneeId: 'me' })).toEqual({ assigneeId: 'me' })
    expect(changes({}, { assigneeId: 'me', status: 'HOLD' })).toEqual({ assigneeId: 'me', status: 'HOLD' })
  })
  it('leaves a new ticket new when nobody is assigned', () => {
    expect(changes({}, { groupId: 'billing' })).toEqual({ groupId: 'billing' })
  })
  it.each([
    ['customer', 'NOT_AN_AGENT assigneeId'],
    ['gone', 'NOT_AN_AGENT assigneeId'],
    ['nobody', 'NOT_FOUND assigneeId'],
  ])('of %s is refused: %s', (assigneeId, code) => {
    expect(codes({ status: 'OPEN' }, { assigneeId })).toEqual([code])
  })
  it('of somebody outside the group is refused, wherever the group comes from', () => {
    expect(codes({ status: 'OPEN', groupId: 'billing' }, { assigneeId: 'other' })).toEqual(['NOT_IN_GROUP assigneeId'])
    expect(codes({ status: 'OPEN' }, { assigneeId: 'other', groupId: 'billing' })).toEqual(['NOT_IN_GROUP assigneeId'])
    expect(codes({ status: 'OPEN', assigneeId: 'me' }, { groupId: 'sales' })).toEqual(['NOT_IN_GROUP groupId'])
  })
  it('goes with a change of the group that fits', () => {
    const state = { status: 'OPEN', assigneeId: 'me' } as const
    expect(changes(state, { groupId: 'sales', assigneeId: null })).toEqual({ groupId: 'sales', assigneeId: null })
    expect(changes(state, { groupId: 'billing' })).toEqual({ groupId: 'billing' })
    expect(changes({ ...state, groupId: 'billing' }, { assigneeId: 'other', groupId: null })).toEqual({
      assigneeId: 'other',
      groupId: null,
    })
  })
  it('does not stand in the way of other changes when it became wrong by itself', () => {
    expect(changes({ status: 'OPEN', assigneeId: 'other', groupId: 'billing' }, { priority: 'HIGH' })).toEqual({
      priority: 'HIGH',
    })
  })
  it('to a group that is not there is refused', () => {
    expect(codes({}, { groupId: 'nowhere' })).toEqual(['NOT_FOUND groupId'])
  })
})

describe('solving (F67)', () => {
  it('makes the one who solves the assignee when there is none', () => {
    expect(changes({ status: 'OPEN' }, { status: 'SOLVED' })).toEqual({ status: 'SOLVED', assigneeId: 'me' })
    expect(changes({}, { status: 'SOLVED' })).toEqual({ status: 'SOLVED', assigneeId: 'me' })
  })
  it('keeps the assignee that there is', () => {
    expect(changes({ status: 'OPEN', assigneeId: 'other' }, { status: 'SOLVED' })).toEqual({ status: 'SOLVED' })
  })
  it('is refused without an assignee', () => {
    const required = ['ASSIGNEE_REQUIRED assigneeId']
    expect(codes({ status: 'OPEN', assigneeId: 'me' }, { status: 'SOLVED', assigneeId: null })).toEqual(required)
    expect(codes({ status: 'SOLVED', assigneeId: 'me' }, { assigneeId: null })).toEqual(required)
    expect(codes({ status: 'OPEN', groupId: 'sales' }, { status: 'SOLVED' })).toEqual(['ASSIGNEE_REQUIRED status'])
  })
  it('can be undone together with the assignment', () => {
    expect(changes({ status: 'SOLVED', assigneeId: 'me' }, { status: 'OPEN', assigneeId: null })).toEqual({
      status: 'OPEN',
      assigneeId: null,
    })
  })
})

describe('a closed ticket (F68)', () => {
  const closed = { status: 'CLOSED', assigneeId: 'me', priority: 'LOW', tags: ['a'] } as const
  const state = { ...closed, tags: [...closed.tags] }
  it('takes tags, subject and priority', () => {
    expect(changes(state, { subject: 'New', addTags: ['b'], priority: 'HIGH' })).toEqual({
      subject: 'New',
      tags: ['a', 'b'],
      priority: 'HIGH',
    })
  })
  it('takes nothing else, and says so for each', () => {
    expect(codes(state, { status: 'OPEN', assigneeId: null, groupId: 'billing' })).toEqual([
      'CLOSED_TICKET status',
      'CLOSED_TICKET assigneeId',
      'CLOSED_TICKET groupId',
    ])
  })
  it('lets pass what it already is', () => {
    expect(changes(state, { status: 'CLOSED', assigneeId: 'me', groupId: null })).toEqual({})
  })
})

describe('priority (F67)', () => {
  it('can be changed, but not taken away', () => {
    expect(changes({ priority: 'LOW' }, { priority: 'URGENT' })).toEqual({ priority: 'URGENT' })
    expect(codes({ priority: 'LOW' }, { priority: null })).toEqual(['PRIORITY_CANNOT_BE_CLEARED priority'])
    expect(changes({}, { priority: null })).toEqual({})
  })
})

describe('tags', () => {
  it('are kept in their normal form, each once', () => {
    expect(changes({}, { tags: [' VIP ', 'vip', 'late  parcel'] })).toEqual({ tags: ['vip', 'late_parcel'] })
  })
  it('are added and removed without touching the others', () => {
    expect(changes({ tags: ['a', 'b'] }, { addTags: ['C', 'a'], removeTags: ['B'] })).toEqual({ tags: ['a', 'c'] })
    expect(changes({ tags: ['a'] }, { addTags: ['A'], removeTags: ['z'] })).toEqual({})
  })
  it.each<[string, TicketPatch]>([
    ['both ways at once', { tags: ['a'], addTags: ['b'] }],
    ['null', { tags: null }],
    ['empty ones', { tags: ['  '] }],
    ['too long ones', { tags: ['x'.repeat(51)] }],
    ['what the database cannot keep', { tags: ['a\u0000'] }],
    ['half a character', { tags: ['\ud800'] }],
    ['more than 100', { tags: Array.from({ length: 101 }, (_, index) => `t${index}`) }],
  ])('refuse %s', (_what, patch) => {
    expect(codes({}, patch)).toEqual(['INVALID_INPUT tags'])
  })
  it('count characters, not code units', () => {
    expect(changes({}, { tags: ['😀'.repeat(50)] })).toEqual({ tags: ['😀'.repeat(50)] })
  })
})

describe('subject', () => {
  it.each(['', '   ', 'x'.repeat(SUBJECT_LENGTH + 1), 'a\u0000b', '\udc00'])('cannot be %j', (subject) => {
    expect(codes({}, { subject })).toEqual(['INVALID_INPUT subject'])
  })
  it('is trimmed, and is not told to the log', () => {
    expect(decide({}, { subject: '  New  ' })).toEqual({
      changes: { subject: 'New' },
      before: {},
      changed: ['subject'],
    })
  })
})

describe('a patch', () => {
  it('says everything that is wrong at once', () => {
    expect(codes({ priority: 'LOW' }, { subject: '', priority: null, status: 'CLOSED', assigneeId: 'gone' })).toEqual([
      'INVALID_INPUT subject',
      'PRIORITY_CANNOT_BE_CLEARED priority',
      'NOT_AN_AGENT assigneeId',
      'INVALID_TRANSITION status',
    ])
  })
  it('tells the old value of what changed, and of nothing else', () => {
    expect(decide({ status: 'OPEN', tags: ['a'] }, { status: 'HOLD', tags: ['b'], priority: null })).toMatchObject({
      changed: ['status', 'tags'],
      before: { status: 'OPEN', tags: ['a'] },
      changes: { status: 'HOLD', tags: ['b'] },
    })
  })
})

describe('a comment', () => {
  it('has text that can be kept, and not too much of it', () => {
    expect(commentProblem('Hello')).toBeUndefined()
    expect(commentProblem('x'.repeat(COMMENT_LENGTH))).toBeUndefined()
    for (const body of ['', ' \n', 'x'.repeat(COMMENT_LENGTH + 1), '\u0000', 'a\ud83d'])
      expect(commentProblem(body)).toBeTypeOf('string')
  })
})
