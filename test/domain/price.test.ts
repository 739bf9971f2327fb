import { describe, expect, it } from 'vitest'
import { billingOf, costOf, ENDPOINTS, eventKind, PRICES, SPEND_KINDS } from '../../src/domain/price.ts'

describe('X’s prices', () => {
  it('are X’s published ones, to the micro-dollar', () => {
    const published = SPEND_KINDS.filter((kind) => PRICES[kind].published)
    expect(Object.fromEntries(published.map((kind) => [kind, Number(PRICES[kind].microDollars) / 1e6]))).toEqual({
      POST_READ: 0.005,
      OWNED_READ: 0.001,
      USER_READ: 0.01,
      DM_READ: 0.01,
      POST_CREATE: 0.015,
      POST_CREATE_WITH_URL: 0.2,
      POST_CREATE_SUMMONED: 0.01,
      DM_CREATE: 0.015,
      POST_DELETE: 0.01,
      POST_EVENT: 0.005,
      FOLLOW_EVENT: 0.01,
      DM_EVENT: 0.01,
      CHAT_EVENT: 0.01,
      UNBILLED_EVENT: 0,
    })
  })

  it('that X does not publish are said to be assumed, with the reason', () => {
    const assumed = SPEND_KINDS.filter((kind) => !PRICES[kind].published)
    expect(assumed).toEqual(['CHAT_READ', 'CHAT_CREATE', 'REPLY_EVENT', 'LIKE_EVENT', 'UNPRICED_EVENT', 'UNPRICED'])
    for (const kind of assumed) expect(PRICES[kind].note).toMatch(/publishes no price|Not in X’s list/)
  })

  it('multiply without rounding', () => {
    expect(costOf('POST_READ', 3_000_000)).toBe(15_000_000_000n)
    expect(costOf('UNPRICED', 9)).toBe(0n)
  })

  it.each([
    ['post.create', 'POST_EVENT'],
    ['post.mention.create', 'REPLY_EVENT'],
    ['dm.received', 'DM_EVENT'],
    ['chat.sent', 'UNBILLED_EVENT'],
    ['oauth.revoke', 'UNPRICED_EVENT'],
    ['toString', 'UNPRICED_EVENT'],
  ])('of %s are those of %s', (type, kind) => {
    expect(eventKind(type)).toBe(kind)
  })

  it('are one for every call that Perch makes', () => {
    for (const endpoint of Object.keys(ENDPOINTS) as (keyof typeof ENDPOINTS)[]) {
      expect(SPEND_KINDS).toContain(billingOf(endpoint).kind)
    }
    expect(billingOf('GET /2/users/:id/mentions')).toMatchObject({ kind: 'POST_READ', owned: true })
    expect(billingOf('GET /2/tweets/search/recent')).not.toHaveProperty('owned')
  })
})
