import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { statusAfterRequesterComment } from '../../src/domain/capture.ts'
import { TICKET_STATUSES } from '../../src/domain/event.ts'
import { decideMerge, MERGE_SOURCES, type Mergeable, mergeNote } from '../../src/domain/merge.ts'
import { commentProblem } from '../../src/domain/ticket.ts'
import { CLOSED_TAKES, TRANSITIONS } from '../../src/domain/ticket-transitions.ts'

const page = readFileSync(new URL('../../docs/ticket-life.md', import.meta.url), 'utf8')

describe('the table of transitions', () => {
  it('is the one that docs/ticket-life.md shows', () => {
    const rows = page
      .split('\n')
      .filter((line) => TICKET_STATUSES.some((status) => line.startsWith(`| ${status} |`)))
      .map((line) =>
        line
          .split('|')
          .map((cell) => cell.trim())
          .slice(1, -1),
      )
    expect(rows).toEqual(
      TICKET_STATUSES.map((status) => {
        const { byHand, assigned, requesterWrites, timeIsUp, merged } = TRANSITIONS[status]
        return [status, byHand.join(', ') || '–', assigned, requesterWrites, timeIsUp, merged ?? '–']
      }),
    )
  })

  it('leads back to NEW from nowhere (F65), and out of CLOSED nowhere (F68)', () => {
    for (const status of TICKET_STATUSES) {
      const { byHand, assigned, requesterWrites, timeIsUp, merged } = TRANSITIONS[status]
      const reached = [...byHand, assigned, requesterWrites, timeIsUp, merged]
      expect(reached.includes('NEW') && status !== 'NEW').toBe(false)
      if (status === 'CLOSED') expect(new Set(reached)).toEqual(new Set(['CLOSED', null]))
    }
  })

  it.each([
    ['NEW', 'NEW'],
    ['OPEN', 'OPEN'],
    ['PENDING', 'OPEN'],
    ['HOLD', 'OPEN'],
    ['SOLVED', 'OPEN'],
    ['CLOSED', 'CLOSED'],
  ] as const)('F66 a comment of the requester on a ticket that is %s leaves it %s', (before, after) => {
    expect(statusAfterRequesterComment(before)).toBe(after)
  })

  it('names in the docs what a closed ticket takes', () => {
    expect(page).toContain(`A closed ticket takes ${CLOSED_TAKES.slice(0, -1).join(', ')} and ${CLOSED_TAKES.at(-1)},`)
  })
})

const ticket = (change: Partial<Mergeable>): Mergeable => ({
  id: 'target',
  number: 1,
  subject: 'Parcel',
  status: 'OPEN',
  priority: null,
  channel: 'X_CORP',
  accountId: 'acme',
  requesterId: 'ada',
  assigneeId: null,
  groupId: null,
  tags: [],
  deleted: false,
  ...change,
})

describe('what may be merged (F70)', () => {
  const fine = ticket({ id: 'fine' })
  it.each<[string, Partial<Mergeable>, Partial<Mergeable>, string[]]>([
    ['tickets of one account and requester', {}, {}, []],
    ['a solved one', { status: 'SOLVED' }, { status: 'NEW' }, []],
    ['messages into public posts', { channel: 'X_CORP_DM' }, {}, []],
    ['a closed source', { status: 'CLOSED' }, {}, ['CLOSED_TICKET sourceIds']],
    ['a closed target', {}, { status: 'CLOSED' }, ['CLOSED_TICKET targetId']],
    ['a deleted source', { deleted: true }, {}, ['DELETED_TICKET sourceIds']],
    ['a deleted target', {}, { deleted: true }, ['DELETED_TICKET targetId']],
    ['itself', { id: 'target' }, {}, ['MERGE_INTO_ITSELF sourceIds']],
    ['another account’s', { accountId: 'other' }, {}, ['MERGE_ACROSS_ACCOUNTS sourceIds']],
    ['somebody else’s', { requesterId: 'bob' }, {}, ['MERGE_ACROSS_REQUESTERS sourceIds']],
  ])('%s', (_what, source, target, expected) => {
    const { userErrors = [] } = decideMerge([fine, ticket({ id: 'source', ...source })], ticket(target))
    expect(userErrors.map(({ code, field }) => `${code} ${field.join('.')}`)).toEqual(expected)
  })

  it('keeps the target’s tags first, each once, and no more than fit', () => {
    const many = Array.from({ length: 99 }, (_, index) => `t${index}`)
    const sources = [ticket({ id: 'a', tags: ['x', 't1'] }), ticket({ id: 'b', tags: ['y', 'x'] })]
    expect(decideMerge(sources, ticket({ tags: ['t1'] }))).toEqual({ tags: ['t1', 'x', 'y'] })
    expect(decideMerge(sources, ticket({ tags: many }))).toEqual({ tags: [...many, 'x'] })
  })

  it('tells the target where answers are still to be sent', () => {
    const sources = [0, 1, 2].map((unsent) => ({ number: 7 + unsent, unsent }))
    expect(mergeNote(sources).split('\n\n')).toEqual([
      'Ticket #7 was merged into this one.',
      'Ticket #8 was merged into this one.\nAn answer is still to be sent from there.',
      'Ticket #9 was merged into this one.\n2 answers are still to be sent from there.',
    ])
  })

  it('tells as much of the most tickets as fits into a comment', () => {
    const most = Array.from({ length: MERGE_SOURCES }, () => ({ number: 2_147_483_647, unsent: 2_147_483_647 }))
    expect(commentProblem(mergeNote(most))).toBeUndefined()
  })
})
