import type { TicketChannel } from './event.ts'

/*
 * Which account answers, and how (F27-F36, F38): `SENDER_MATRIX` is the rule, as docs/replies.md has it. Where the first
 * choice cannot answer at all (switched off, shut out by X, not summoned), the second does, rather than nobody: it was
 * addressed, or an administrator chose it for that.
 */

/** The way an answer travels. */
export const REPLY_CHANNELS = ['X_POST', 'X_DM', 'X_CHAT', 'EMAIL'] as const
export type ReplyChannel = (typeof REPLY_CHANNELS)[number]

/** Why an account cannot answer. */
export const SENDER_REFUSALS = [
  'REPLIES_NOT_ALLOWED',
  'DEACTIVATED',
  'DEAUTHORIZED',
  'NOT_SUMMONED',
  'NOT_ADDRESSED',
  'PLAN',
  'NO_EMAIL',
  'XCHAT_LOCKED',
] as const
export type SenderRefusal = (typeof SENDER_REFUSALS)[number]

/** Why an account is the one that is proposed. */
export const SENDER_REASONS = ['ADDRESSED', 'DEFAULT', 'ADDRESSED_CANNOT', 'DEFAULT_CANNOT'] as const
export type SenderReason = (typeof SENDER_REASONS)[number]

/** An account that might answer. */
export interface SenderAccount {
  readonly id: string
  /** X's. */
  readonly xUserId: string
  /** In lower case, without @. */
  readonly screenName: string
  readonly status: 'ACTIVE' | 'DEACTIVATED' | 'DEAUTHORIZED' | 'UNLINKED'
  readonly allowReplies: boolean
  readonly isDefault: boolean
  /** Whether its XChat keys are open (F40, F41). */
  readonly xchatOpen: boolean
}

/** What is answered. */
export interface Answered {
  readonly channel: ReplyChannel
  /** The account that the ticket belongs to. */
  readonly accountId: string
  /** Of a public post: whom it names, in lower case; null: X shows nothing of it any more. */
  readonly mentions: readonly string[] | null
  /** Of a public post: whose post it quotes, by X's id; null: nobody's, as far as is known. */
  readonly quotedUserId: string | null
  /** Whether there is an address to write to (F38). */
  readonly hasEmail: boolean
}

/** What holds for the whole workspace. */
export interface SenderRules {
  /** F1, F2: only the Suite plan has private messages. */
  readonly plan: 'SUPPORT' | 'SUITE'
  /** Since 2026-02-23 X lets a self-serve app answer only posts whose author named or quoted the account. */
  readonly selfServe: boolean
}

/**
 * How a ticket is answered (F27): as the customer wrote last; by e-mail once it was moved there (F38). `last` is the way
 * of the customer's last comment, null when there is none.
 */
export function replyChannel(ticket: TicketChannel, last: string | null, movedToEmail: boolean): ReplyChannel {
  if (movedToEmail) return 'EMAIL'
  if (ticket !== 'X_CORP_DM') return 'X_POST'
  return last === 'X_CHAT' ? 'X_CHAT' : 'X_DM'
}

/** Whether what is answered mentions or quotes the account (X's changelog, 2026-02-23). */
export const isSummoned = (
  { screenName, xUserId }: Pick<SenderAccount, 'screenName' | 'xUserId'>,
  { mentions, quotedUserId }: Pick<Answered, 'mentions' | 'quotedUserId'>,
): boolean => mentions?.includes(screenName) === true || quotedUserId === xUserId

/** Why this account cannot send the answer; null when it can. */
export function refusalOf(account: SenderAccount, answered: Answered, rules: SenderRules): SenderRefusal | null {
  const { channel, accountId, hasEmail } = answered
  // Moved to e-mail, no account speaks: the mail says whose it is.
  if (channel === 'EMAIL') return hasEmail ? null : 'NO_EMAIL'
  if (account.status === 'DEAUTHORIZED') return 'DEAUTHORIZED'
  if (account.status !== 'ACTIVE') return 'DEACTIVATED'
  if (channel !== 'X_POST') {
    if (rules.plan === 'SUPPORT') return 'PLAN'
    // A private conversation is between two: another account would begin a new one, out of the blue.
    if (account.id !== accountId) return 'NOT_ADDRESSED'
  }
  if (!account.allowReplies) return 'REPLIES_NOT_ALLOWED'
  if (channel === 'X_CHAT' && !account.xchatOpen) return 'XCHAT_LOCKED'
  if (channel === 'X_POST' && rules.selfServe && answered.mentions !== null && !isSummoned(account, answered))
    return 'NOT_SUMMONED'
  return null
}

/** Who of the two answers, and why it is that one; null: nobody, until an agent names one that may. */
type Picked = readonly ['ADDRESSED' | 'DEFAULT', SenderReason] | null

/** A case of the matrix. An account that is not linked any more cannot answer, and is nobody's default. */
export interface SenderCase {
  readonly rule: string
  /** Whether the account addressed can answer: it allows replies, is switched on, and nothing else is in the way. */
  readonly addressed: 'CAN' | 'CANNOT'
  /** The default account: none, the one addressed, or another that can or cannot answer. */
  readonly byDefault: 'NONE' | 'SAME' | 'CAN' | 'CANNOT'
  /** One answer, by hand. */
  readonly single: Picked
  /** One of a bulk update's. */
  readonly bulk: Picked
}

/** F28-F36, a row for each case. */
export const SENDER_MATRIX: readonly SenderCase[] = [
  row('F28, F31', 'CAN', 'SAME', ['ADDRESSED', 'ADDRESSED'], ['DEFAULT', 'DEFAULT']),
  row('F28, F32', 'CAN', 'CAN', ['ADDRESSED', 'ADDRESSED'], ['DEFAULT', 'DEFAULT']),
  row('F28, F36', 'CAN', 'CANNOT', ['ADDRESSED', 'ADDRESSED'], ['ADDRESSED', 'DEFAULT_CANNOT']),
  row('F28, F30, F35', 'CAN', 'NONE', ['ADDRESSED', 'ADDRESSED'], ['ADDRESSED', 'ADDRESSED']),
  row('F29, F33', 'CANNOT', 'CAN', ['DEFAULT', 'ADDRESSED_CANNOT'], ['DEFAULT', 'DEFAULT']),
  row('F34', 'CANNOT', 'NONE', null, null),
  row('F34, F36', 'CANNOT', 'SAME', null, null),
  row('F34, F36', 'CANNOT', 'CANNOT', null, null),
]

function row(
  rule: string,
  addressed: SenderCase['addressed'],
  byDefault: SenderCase['byDefault'],
  single: Picked,
  bulk: Picked,
): SenderCase {
  return { rule, addressed, byDefault, single, bulk }
}

export interface SenderOption {
  readonly accountId: string
  /** Null: it may. */
  readonly refusal: SenderRefusal | null
}

export interface SenderChoice {
  /** Every account that is not unlinked: the one addressed first, then the default, then by name. */
  readonly options: readonly SenderOption[]
  /** The one that is proposed, and why; null: none may, or none is needed, as for e-mail. */
  readonly preselected: { readonly accountId: string; readonly reason: SenderReason } | null
  /** With nobody preselected: what stands in the way of the account that would be; null: nothing does. */
  readonly refusal: SenderRefusal | null
}

/** Who may answer, and who is to (F28-F36). */
export function chooseSender(
  mode: 'single' | 'bulk',
  accounts: readonly SenderAccount[],
  answered: Answered,
  rules: SenderRules,
): SenderChoice {
  const linked = accounts.filter(({ status }) => status !== 'UNLINKED')
  const addressed = linked.find(({ id }) => id === answered.accountId)
  const byDefault = linked.find(({ isDefault }) => isDefault)
  const rank = (account: SenderAccount) => (account === addressed ? 0 : account === byDefault ? 1 : 2)
  const options = linked
    .toSorted((a, b) => rank(a) - rank(b) || (a.screenName < b.screenName ? -1 : 1))
    .map((account) => ({ accountId: account.id, refusal: refusalOf(account, answered, rules) }))
  const refusals = new Map(options.map(({ accountId, refusal }) => [accountId, refusal]))
  const can = (account: SenderAccount | undefined) => account !== undefined && refusals.get(account.id) === null
  const wanted: Omit<SenderCase, 'rule' | 'single' | 'bulk'> = {
    addressed: can(addressed) ? 'CAN' : 'CANNOT',
    byDefault: byDefault === undefined ? 'NONE' : byDefault === addressed ? 'SAME' : can(byDefault) ? 'CAN' : 'CANNOT',
  }
  const picked = SENDER_MATRIX.find((one) => one.addressed === wanted.addressed && one.byDefault === wanted.byDefault)
  const [who, reason] = picked?.[mode] ?? []
  const account = who === 'DEFAULT' ? byDefault : addressed
  if (account && reason) return { options, preselected: { accountId: account.id, reason }, refusal: null }
  // F38: e-mail is nobody's account's, also when the one that was addressed is gone.
  if (answered.channel === 'EMAIL')
    return { options, preselected: null, refusal: answered.hasEmail ? null : 'NO_EMAIL' }
  // F34: what is said of a ticket is why the account addressed does not answer.
  const blocked = addressed ?? byDefault
  return { options, preselected: null, refusal: (blocked && refusals.get(blocked.id)) ?? 'REPLIES_NOT_ALLOWED' }
}
