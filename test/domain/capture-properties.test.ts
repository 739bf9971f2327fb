import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ACCOUNT_STATUSES } from '../../src/domain/account.ts'
import { decidePost, MAX_COMMENTS } from '../../src/domain/capture.ts'
import type { CaptureAccount, Facts, Known, Post } from '../../src/domain/captured.ts'
import { TICKET_STATUSES } from '../../src/domain/event.ts'

const anyUser = fc.constantFrom('100', '200', '900', '901')
const anyPost: fc.Arbitrary<Post> = fc.record({
  id: fc.constant('5000'),
  versionId: fc.constantFrom('5000', '5001'),
  authorId: anyUser,
  conversationId: fc.constantFrom('5000', '4000'),
  text: fc.constant('text'),
  inReplyToPostId: fc.option(fc.constant('4000')),
  inReplyToUserId: fc.option(anyUser),
  mentionedUserIds: fc.array(anyUser),
  mentionedHandles: fc.array(fc.constantFrom('acme', 'acmesupport', 'mira')),
  quotedUserId: fc.option(anyUser),
  repostOfId: fc.option(fc.constant('4000')),
  postedAt: fc.constant('2026-01-01T00:00:00.000Z'),
  editedAt: fc.constant(null),
})
const anyAccount = (id: string, xUserId: string, screenName: string): fc.Arbitrary<CaptureAccount> =>
  fc.record({
    id: fc.constant(id),
    xUserId: fc.constant(xUserId),
    screenName: fc.constant(screenName),
    status: fc.constantFrom(...ACCOUNT_STATUSES),
    captureMentions: fc.boolean(),
    manualConversion: fc.boolean(),
    captureDirectMessages: fc.boolean(),
    trackLikes: fc.boolean(),
    capturesFrom: fc.constantFrom(new Date('2025-12-31'), new Date('2026-01-01T00:00:00.001Z')),
  })
const anyFacts: fc.Arbitrary<Facts> = fc.record({
  accounts: fc.tuple(anyAccount('acme', '100', 'Acme'), anyAccount('support', '200', 'AcmeSupport')),
  known: fc.option(
    fc.record({
      place: fc.constantFrom<Known['place']>('TICKET', 'INCOMING'),
      versionId: fc.constantFrom('5000', '5001'),
      deleted: fc.boolean(),
    }),
  ),
  deleted: fc.boolean(),
  suspended: fc.boolean(),
  thread: fc.option(
    fc.record({
      ticketId: fc.constant('ticket-1'),
      status: fc.constantFrom(...TICKET_STATUSES),
      commentCount: fc.constantFrom(1, MAX_COMMENTS - 1, MAX_COMMENTS, MAX_COMMENTS + 1),
      accountId: fc.constantFrom('acme', 'support'),
    }),
  ),
})

describe('whatever the facts', () => {
  const property = (check: (what: Post, facts: Facts, decision: ReturnType<typeof decidePost>) => void) =>
    fc.assert(
      fc.property(anyPost, anyFacts, (what, facts) => check(what, facts, decidePost(what, facts))),
      { numRuns: 2_000 },
    )

  it('our own post opens no ticket, and waits only for want of room on the one that it answers (F24)', () => {
    property((what, { accounts }, decision) => {
      if (!accounts.some(({ xUserId }) => xUserId === what.authorId)) return
      if (decision.kind === 'WAIT') expect(decision.reason).toBe('TICKET_FULL')
      else expect(['IGNORE', 'COMMENT', 'REVISE', 'MARK']).toContain(decision.kind)
    })
  })

  it('a known post is never taken in again', () => {
    property((_what, facts, { kind }) => {
      if (facts.known) expect(['IGNORE', 'REVISE', 'MARK']).toContain(kind)
    })
  })

  it('a deleted post is nothing', () => {
    property((_what, { deleted }, { kind }) => {
      if (deleted) expect(['IGNORE', 'MARK']).toContain(kind)
    })
  })

  it('a ticket is opened only when none is open, and only by an active account that captures', () => {
    property((_what, { accounts, thread }, decision) => {
      if (decision.kind !== 'OPEN_TICKET') return
      const closed = thread?.status === 'CLOSED'
      // F6: the ticket of an account that is off is as none.
      const off = accounts.find(({ id }) => id === thread?.accountId)?.status !== 'ACTIVE'
      expect(thread === null || closed || off).toBe(true)
      expect(decision.followUpOf).toBe(closed ? thread.ticketId : null)
      expect(accounts.find(({ id }) => id === decision.accountId)).toMatchObject({
        status: 'ACTIVE',
        captureMentions: true,
        capturesFrom: new Date('2025-12-31'),
      })
    })
  })

  it('a comment goes to the open ticket of the thread, which is not full and of an active account', () => {
    property((_what, { accounts, thread }, decision) => {
      if (decision.kind !== 'COMMENT') return
      expect(accounts.find(({ id }) => id === thread?.accountId)?.status).toBe('ACTIVE')
      expect(decision.ticketId).toBe(thread?.ticketId)
      expect(thread?.status).not.toBe('CLOSED')
      expect(thread?.commentCount).toBeLessThan(MAX_COMMENTS)
    })
  })
})
