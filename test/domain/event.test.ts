import { describe, expect, it } from 'vitest'
import { type EventBody, endOf, eventBodySchema, logEventSchema } from '../../src/domain/event.ts'

const ticket = {
  id: 'ticket-1',
  number: 1,
  status: 'OPEN',
  priority: null,
  channel: 'X_CORP',
  accountId: 'account-1',
  requesterId: 'user-1',
  assigneeId: null,
  groupId: null,
  tags: ['vip'],
} as const
const comment = { id: 'comment-1', authorId: null, direction: 'OUTBOUND', visibility: 'PUBLIC' } as const

const BODIES: EventBody[] = [
  { type: 'ticket.created', ticket: { ...ticket, tags: [] }, commentId: 'comment-1' },
  { type: 'ticket.updated', ticket: { ...ticket, tags: [] }, before: { status: 'NEW' }, changed: ['status'] },
  {
    type: 'ticket.updated',
    ticket: { ...ticket, tags: [], movedToEmailAt: '2026-01-01T00:00:00.000Z' },
    before: { movedToEmailAt: null },
    changed: ['movedToEmailAt'],
  },
  { type: 'ticket.deleted', ticket: { ...ticket, tags: [], deleted: true }, spam: false },
  { type: 'comment.created', ticket: { ...ticket, tags: ['vip'] }, comment },
  { type: 'comment.updated', ticket: { ...ticket, tags: ['vip'] }, comment, changed: ['deliveryState'] },
  { type: 'account.created', accountId: 'account-1' },
  { type: 'account.updated', accountId: 'account-1', changed: [] },
  { type: 'incomingPost.created', postId: '1', accountId: 'account-1', state: 'WAITING' },
  { type: 'unknown', originally: 'ticket.teleported' },
]
const event = (offset: number, body: EventBody) => ({
  offset,
  at: '2026-01-01T00:00:00.000Z',
  actor: { kind: 'system' as const, part: 'test' },
  body,
})

describe('an event', () => {
  it.each(BODIES)('of type $type survives the bus', (body) => {
    const sent = JSON.parse(JSON.stringify(event(1, body))) as unknown
    expect(logEventSchema.parse(sent)).toEqual(event(1, body))
  })

  it('never carries the words of a message: what is not in the contract is dropped', () => {
    const chatty = { ...BODIES[2], comment: { ...comment, body: 'secret' }, ticket: { ...ticket, subject: 'secret' } }
    expect(JSON.stringify(eventBodySchema.parse(chatty))).not.toContain('secret')
  })

  it.each<[string, unknown]>([
    ['of a type unheard of', { type: 'ticket.teleported' }],
    ['of a ticket in a status unheard of', { ...BODIES[0], ticket: { ...ticket, status: 'LOST' } }],
    ['without its ticket', { type: 'ticket.created', commentId: null }],
    ['that is no object', 'ticket.created'],
  ])('%s is refused', (_what, body) => {
    expect(eventBodySchema.safeParse(body).success).toBe(false)
  })

  it.each([0, -1, 1.5])('has no offset %d', (offset) => {
    expect(logEventSchema.safeParse(event(offset, { type: 'unknown', originally: 'x' })).success).toBe(false)
  })
})

describe('a batch', () => {
  it('ends at its last event', () => {
    const events = [7, 8, 9].map((offset) => event(offset, { type: 'unknown', originally: 'x' }))
    expect(endOf({ epoch: 'a1', events })).toEqual({ epoch: 'a1', offset: 9 })
  })
})
