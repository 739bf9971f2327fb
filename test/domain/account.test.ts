import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  ACCOUNT_STATUSES,
  type AccountSettings,
  type ConnectionFacts,
  canReply,
  decideConnection,
  decideSettings,
  FIRST_SETTINGS,
  HANDLES,
  type SettingsPatch,
} from '../../src/domain/account.ts'

const settings = (change: Partial<AccountSettings> = {}): AccountSettings => ({ ...FIRST_SETTINGS, ...change })

describe('settings', () => {
  it.each<[what: string, before: Partial<AccountSettings>, patch: SettingsPatch, after: Partial<AccountSettings>]>([
    ['F9 replies can be allowed', { allowReplies: false }, { allowReplies: true }, { allowReplies: true }],
    [
      'F10 a default that allows no replies is none',
      { isDefault: true },
      { allowReplies: false },
      { isDefault: false },
    ],
    ['F10 both at once', { allowReplies: false }, { allowReplies: true, isDefault: true }, { isDefault: true }],
    [
      'F12 capture can be switched off, and conversion on with it',
      {},
      { captureMentions: false },
      { manualConversion: true },
    ],
    [
      'F15 capture takes conversion away',
      { captureMentions: false, manualConversion: true },
      { captureMentions: true },
      { manualConversion: false },
    ],
    ['F15 neither of the two', {}, { captureMentions: false, manualConversion: false }, { manualConversion: false }],
    ['F15 neither stays neither', { captureMentions: false }, { trackLikes: true }, { manualConversion: false }],
    [
      'what is not named stays',
      { trackLikes: true, isDefault: true },
      { captureDirectMessages: true },
      { trackLikes: true, isDefault: true },
    ],
    ['undefined is not named', { trackLikes: true }, { trackLikes: undefined }, { trackLikes: true }],
  ])('%s', (_what, before, patch, after) => {
    const decision = decideSettings(settings(before), patch, 'SUITE')
    expect(decision.errors).toEqual([])
    expect('settings' in decision && decision.settings).toMatchObject(after)
  })

  it.each<
    [what: string, before: Partial<AccountSettings>, patch: SettingsPatch, plan: 'SUPPORT' | 'SUITE', error: object]
  >([
    [
      'F10',
      { allowReplies: false },
      { isDefault: true },
      'SUITE',
      { code: 'DEFAULT_NEEDS_REPLIES', field: ['isDefault'] },
    ],
    [
      'F15',
      {},
      { manualConversion: true },
      'SUITE',
      { code: 'CONVERSION_NEEDS_CAPTURE_OFF', field: ['manualConversion'] },
    ],
    ['F1', {}, { captureDirectMessages: true }, 'SUPPORT', { code: 'NOT_IN_PLAN', field: ['captureDirectMessages'] }],
    [
      'F1',
      {},
      { otherDirectMessageChannel: true },
      'SUPPORT',
      { code: 'NOT_IN_PLAN', field: ['otherDirectMessageChannel'] },
    ],
    ['a brand', {}, { brandId: '' }, 'SUITE', { code: 'INVALID_INPUT', field: ['brandId'] }],
  ])('%s refuses %j + %j on %s', (_what, before, patch, plan, error) => {
    expect(decideSettings(settings(before), patch, plan).errors).toMatchObject([error])
  })

  it('that contradict themselves in several ways are told all of it', () => {
    const patch = { isDefault: true, allowReplies: false, manualConversion: true, captureDirectMessages: true }
    expect(decideSettings(settings(), patch, 'SUPPORT').errors.map(({ code }) => code)).toEqual([
      'DEFAULT_NEEDS_REPLIES',
      'CONVERSION_NEEDS_CAPTURE_OFF',
      'NOT_IN_PLAN',
    ])
  })

  const flags = {
    captureMentions: fc.boolean(),
    manualConversion: fc.boolean(),
    captureDirectMessages: fc.boolean(),
    otherDirectMessageChannel: fc.boolean(),
    trackLikes: fc.boolean(),
    allowReplies: fc.boolean(),
    isDefault: fc.boolean(),
  }
  const anyPatch: fc.Arbitrary<SettingsPatch> = fc.record(flags, { requiredKeys: [] })

  it('keep every rule, whatever is asked for in whatever order', () => {
    fc.assert(
      fc.property(fc.array(anyPatch), fc.constantFrom('SUPPORT' as const, 'SUITE' as const), (patches, plan) => {
        let now = FIRST_SETTINGS
        for (const patch of patches) {
          const decision = decideSettings(now, patch, plan)
          if (!('settings' in decision)) continue
          // Whatever was asked for and not refused is so.
          expect(decision.settings).toMatchObject(patch)
          expect(decision.changed.toSorted()).toEqual(
            Object.keys(now)
              .filter((name) => Reflect.get(now, name) !== Reflect.get(decision.settings, name))
              .toSorted(),
          )
          now = decision.settings
          expect(now.isDefault && !now.allowReplies).toBe(false)
          expect(now.manualConversion && now.captureMentions).toBe(false)
          if (plan === 'SUPPORT') expect(now.captureDirectMessages).toBe(false)
          expect(decision.warnings.length > 0).toBe(now.captureDirectMessages && now.otherDirectMessageChannel)
        }
      }),
    )
  })
})

describe('whether agents can answer (F6, F9, F36)', () => {
  it.each(ACCOUNT_STATUSES.flatMap((status) => [true, false].map((allowReplies) => ({ status, allowReplies }))))(
    '%j',
    (account) => {
      expect(canReply(account)).toBe(account.status === 'ACTIVE' && account.allowReplies)
    },
  )
})

describe('a connection', () => {
  const facts = (change: Partial<ConnectionFacts>): ConnectionFacts => ({
    plan: 'SUITE',
    handles: 0,
    existing: null,
    expectedId: null,
    screenName: 'acme',
    ...change,
  })
  const existing = (status: (typeof ACCOUNT_STATUSES)[number]) => ({ id: 'a', status, screenName: 'acme' })

  it.each<[what: string, facts: Partial<ConnectionFacts>, outcome: string]>([
    ['F2 the first', {}, 'CONNECT'],
    ['F2 the fifth on Suite', { handles: 4 }, 'CONNECT'],
    ['F2 the sixth on Suite', { handles: 5 }, 'ACCOUNT_LIMIT_REACHED'],
    ['F1 the second on Support', { plan: 'SUPPORT', handles: 1 }, 'ACCOUNT_LIMIT_REACHED'],
    ['F1 the first on Support', { plan: 'SUPPORT' }, 'CONNECT'],
    ['F4 one that is connected', { existing: existing('ACTIVE') }, 'ALREADY_CONNECTED'],
    ['F4 one that is switched off', { existing: existing('DEACTIVATED') }, 'ALREADY_CONNECTED'],
    ['F8 one that was shut out', { existing: existing('DEAUTHORIZED') }, 'REAUTHORIZE'],
    ['F8 one that was shut out, in a full house', { existing: existing('DEAUTHORIZED'), handles: 5 }, 'REAUTHORIZE'],
    ['F8 one by its id', { existing: existing('ACTIVE'), expectedId: 'a' }, 'REAUTHORIZE'],
    ['F8 one by its id, switched off', { existing: existing('DEACTIVATED'), expectedId: 'a' }, 'REAUTHORIZE'],
    ['F8 another than expected', { existing: existing('ACTIVE'), expectedId: 'b' }, 'WRONG_ACCOUNT'],
    ['F8 a stranger instead of the one expected', { expectedId: 'b' }, 'WRONG_ACCOUNT'],
    ['F7 one that was let go', { existing: existing('UNLINKED') }, 'CONNECT'],
    [
      'F7 one that was let go, in a full house',
      { existing: existing('UNLINKED'), handles: 5 },
      'ACCOUNT_LIMIT_REACHED',
    ],
  ])('%s', (_what, change, outcome) => {
    const decision = decideConnection(facts(change))
    expect(decision.kind === 'REFUSED' ? decision.error.code : decision.kind).toBe(outcome)
  })

  it('never fills a plan beyond its limit', () => {
    expect(HANDLES).toEqual({ SUPPORT: 1, SUITE: 5 })
  })
})
