import type { UserError } from './errors.ts'
import type { MicroDollars } from './price.ts'

/*
 * What X accounts may do and be, by their plan and settings (F1-F17). Said here in words for people, and once more in
 * the database (prisma/migrations, account_rules), which holds whoever races whom.
 */

export const ACCOUNT_STATUSES = ['ACTIVE', 'DEACTIVATED', 'DEAUTHORIZED', 'UNLINKED'] as const
export type AccountStatus = (typeof ACCOUNT_STATUSES)[number]

export type Plan = 'SUPPORT' | 'SUITE'

/** How many handles a plan has room for (F1, F2). Deactivated and deauthorized ones count, unlinked ones do not. */
export const HANDLES: Readonly<Record<Plan, number>> = { SUPPORT: 1, SUITE: 5 }

/** Whether a plan has direct messages and XChat (F1). */
export const hasDirectMessages = (plan: Plan): boolean => plan === 'SUITE'

/** What an administrator sets on an account (F9-F17). */
export interface AccountSettings {
  readonly captureMentions: boolean
  readonly manualConversion: boolean
  readonly captureDirectMessages: boolean
  readonly otherDirectMessageChannel: boolean
  readonly trackLikes: boolean
  readonly allowReplies: boolean
  readonly isDefault: boolean
  readonly brandId: string | null
  /** What X may charge a calendar month; null: no limit. */
  readonly monthlyBudget: MicroDollars | null
}

/** The settings of a handle that was just connected: it listens, and answers where agents say so. */
export const FIRST_SETTINGS: AccountSettings = {
  captureMentions: true,
  manualConversion: false,
  captureDirectMessages: false,
  otherDirectMessageChannel: false,
  trackLikes: false,
  allowReplies: true,
  isDefault: false,
  brandId: null,
  monthlyBudget: null,
}

/** What to change; what is absent or undefined stays, or follows from the rest. */
export type SettingsPatch = { readonly [Name in keyof AccountSettings]?: AccountSettings[Name] | undefined }

/** Something that an administrator should know of a setting, though it is allowed. */
export interface SettingsWarning {
  readonly code: 'DUPLICATE_TICKETS'
  readonly message: string
}

export type SettingsDecision =
  | { readonly errors: readonly [UserError, ...UserError[]] }
  | {
      readonly errors: readonly []
      readonly settings: AccountSettings
      /** The settings that differ from before. */
      readonly changed: readonly (keyof AccountSettings)[]
      readonly warnings: readonly SettingsWarning[]
    }

/** The longest `brandId`, in characters. */
export const MAX_BRAND_ID = 100

/**
 * What the settings become. Contradictions inside the patch are errors; what the patch does not name follows it: no
 * default without replies (F10), manual conversion exactly where posts do not become tickets by themselves (F15).
 */
export function decideSettings(current: AccountSettings, patch: SettingsPatch, plan: Plan): SettingsDecision {
  const asked = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined)) as SettingsPatch
  const wanted = { ...current, ...asked } as AccountSettings
  const errors: UserError[] = []
  const refuse = (code: UserError['code'], field: keyof AccountSettings, message: string) =>
    errors.push({ code, field: [field], message })

  if (asked.isDefault === true && !wanted.allowReplies) {
    refuse('DEFAULT_NEEDS_REPLIES', 'isDefault', 'Only an account that allows replies can be the default.')
  }
  if (asked.manualConversion === true && wanted.captureMentions) {
    const message = 'Posts are converted by hand only where mentions do not become tickets by themselves.'
    refuse('CONVERSION_NEEDS_CAPTURE_OFF', 'manualConversion', message)
  }
  if (!hasDirectMessages(plan)) {
    for (const field of ['captureDirectMessages', 'otherDirectMessageChannel'] as const) {
      if (asked[field] === true) refuse('NOT_IN_PLAN', field, 'The Support plan has public messages only.')
    }
  }
  if (wanted.brandId !== null && (wanted.brandId.trim() === '' || wanted.brandId.length > MAX_BRAND_ID)) {
    refuse('INVALID_INPUT', 'brandId', `A brand is named by 1 to ${MAX_BRAND_ID} characters.`)
  }
  const [first, ...rest] = errors
  if (first) return { errors: [first, ...rest] }

  const settings: AccountSettings = {
    ...wanted,
    isDefault: wanted.isDefault && wanted.allowReplies,
    manualConversion: manualConversion(current, asked, wanted),
  }
  const names = Object.keys(settings) as (keyof AccountSettings)[]
  return {
    errors: [],
    settings,
    changed: names.filter((name) => settings[name] !== current[name]),
    warnings: warningsOf(settings),
  }
}

/** Named: as named. Else it follows a change of the capture, or stays. */
function manualConversion(current: AccountSettings, asked: SettingsPatch, wanted: AccountSettings): boolean {
  if (wanted.captureMentions) return false
  if (asked.manualConversion !== undefined) return asked.manualConversion
  return current.captureMentions ? true : current.manualConversion
}

/** F17: two channels that read the same direct messages make two tickets of each. */
function warningsOf({ captureDirectMessages, otherDirectMessageChannel }: AccountSettings): SettingsWarning[] {
  if (!captureDirectMessages || !otherDirectMessageChannel) return []
  const message =
    'Another channel turns the direct messages of this account into tickets already: each will become two tickets.'
  return [{ code: 'DUPLICATE_TICKETS', message }]
}

/** Whether agents can answer as an account now (F5 canReply, F6, F9, F36). */
export function canReply(account: { readonly status: AccountStatus; readonly allowReplies: boolean }): boolean {
  return account.status === 'ACTIVE' && account.allowReplies
}

/** What a new grant means for a workspace. */
export type ConnectionDecision =
  /** The handle is new, or was unlinked: it starts with the first settings. */
  | { readonly kind: 'CONNECT' }
  /** The same handle again (F8): its settings stay. */
  | { readonly kind: 'REAUTHORIZE'; readonly accountId: string }
  | { readonly kind: 'REFUSED'; readonly error: UserError }

export interface ConnectionFacts {
  readonly plan: Plan
  /** Handles that count towards the plan's limit. */
  readonly handles: number
  /** The account of the X user who consented, if there is one. */
  readonly existing: { readonly id: string; readonly status: AccountStatus; readonly screenName: string } | null
  /** The account that was to be reauthorized; null: any. */
  readonly expectedId: string | null
  /** The handle of whoever consented. */
  readonly screenName: string
}

/** F1, F2, F4, F8: whether whoever consented at X is let in, and as what. */
export function decideConnection(facts: ConnectionFacts): ConnectionDecision {
  const { plan, handles, existing, expectedId, screenName } = facts
  if (expectedId !== null && existing?.id !== expectedId) {
    return refused(
      'WRONG_ACCOUNT',
      `X was authorized by @${screenName}, which is another account. Sign in to the right one.`,
    )
  }
  if (existing && existing.status !== 'UNLINKED') {
    if (expectedId === null && existing.status !== 'DEAUTHORIZED') {
      return refused('ALREADY_CONNECTED', `@${existing.screenName} is connected already.`)
    }
    return { kind: 'REAUTHORIZE', accountId: existing.id }
  }
  if (handles >= HANDLES[plan]) {
    const room = HANDLES[plan] === 1 ? 'one X account' : `${HANDLES[plan]} X accounts`
    return refused('ACCOUNT_LIMIT_REACHED', `This plan has room for ${room}; unlink one first.`)
  }
  return { kind: 'CONNECT' }
}

function refused(code: UserError['code'], message: string): ConnectionDecision {
  return { kind: 'REFUSED', error: { code, field: [], message } }
}
