import type { Logger } from 'pino'
import { isPin } from '../../domain/xchat.ts'
import type { Account } from '../../generated/prisma/client.ts'
import type { ChangeScope, Store } from '../../store/store.ts'
import type { Vault } from '../../store/vault.ts'
import type { XClient } from '../../x/client.ts'
import { XError } from '../../x/errors.ts'
import type { PinRecovery, XChat } from '../../x/xchat.ts'
import type { XCalls } from '../../x-calls/x-calls.ts'
import { lockAccount, lockWorkspace } from '../lock-account.ts'
import { NO_ACCOUNT, type Outcome, refusal } from '../outcome.ts'
import { closeAttempt, openAttempt, readAllowances, withdrawAttempt } from './attempts.ts'
import { ineligible } from './eligible.ts'
import { keepRecovery } from './keep.ts'
import type { PinOutcome, PinResult } from './pins.ts'

export interface XChatPinServices {
  readonly store: Pick<Store, 'change' | 'prisma'>
  readonly vault: Vault
  readonly x: Pick<XClient, 'chat'>
  readonly xchat: Pick<XChat, 'recover'>
  readonly calls: Pick<XCalls, 'use'>
  readonly logger: Logger
}

/** A try ends by then, well before others take it for dead (attempts.ts), in milliseconds. */
const PATIENCE_MS = 90_000

/** What a step inside a transaction came to; the numbers are added by it. */
type Answer = Omit<PinResult, 'position'>

/**
 * Three steps: write the try down, ask the realms, keep what they said. Between them no lock is held, and a process
 * may die: then the try stands there as one that may have spent its guess.
 */
export async function confirmPin(
  services: XChatPinServices,
  userId: string,
  accountId: string,
  pin: string,
): Promise<PinResult> {
  const { store } = services
  const actor = { kind: 'user', id: userId } as const
  const begun = await store.change(actor, (scope) => begin(scope, userId, accountId, pin))
  if ('answer' in begun.value) return { ...begun.value.answer, position: begun.position }
  const { account, attemptId } = begun.value

  const asked = await ask(services, account, pin)
  const ended = await store.change(actor, (scope) => end(services, scope, userId, accountId, attemptId, asked))
  return { ...ended.value, position: ended.position }
}

type Begun = { readonly answer: Answer } | { readonly account: Account; readonly attemptId: string }

async function begin(scope: ChangeScope, userId: string, accountId: string, pin: string): Promise<Begun> {
  const { db } = scope
  const plan = await lockWorkspace(db)
  const account = await lockAccount(db, accountId)
  if (!account) return { answer: { ...NO_ACCOUNT, ...NOTHING } }
  const problem = ineligible(account, plan)
  if (problem) return { answer: await refused(scope, userId, accountId, problem) }
  if (!isPin(pin)) return { answer: await told(scope, userId, accountId, 'PIN_FORMAT') }
  const guessesLeft = await guessesOf(db, accountId)
  const opened = await openAttempt(scope, userId, { id: accountId, guessesLeft })
  if (opened.kind === 'OPEN') return { account, attemptId: opened.attemptId }
  const outcome = opened.kind === 'TOO_MANY' ? 'TOO_MANY_ATTEMPTS' : 'IN_PROGRESS'
  return { answer: { accountId, userErrors: [], outcome, guessesLeft, ...opened.allowance } }
}

/** What asking came to. `refused`: the realms were never asked. `lost`: nobody knows. */
type Asked =
  | { readonly kind: 'said'; readonly recovery: PinRecovery }
  | { readonly kind: 'refused'; readonly error: XError }
  | { readonly kind: 'lost' }

async function ask({ x, xchat, calls, logger }: XChatPinServices, account: Account, pin: string): Promise<Asked> {
  let publicKeys: unknown
  try {
    const keys = (token: string) => x.chat.publicKeys(account.xUserId, token)
    publicKeys = (await calls.use(account.id, 'GET /2/users/:id/public_keys', keys)).body
  } catch (error) {
    if (error instanceof XError) return { kind: 'refused', error }
    logger.error({ err: error, accountId: account.id }, 'the public keys of an account could not be asked for')
    return { kind: 'refused', error: new XError('UNAVAILABLE', 'the public keys could not be asked for') }
  }
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS)
    const recovery = await xchat.recover({ xUserId: account.xUserId, pin, publicKeys, signal })
    const { outcome } = recovery
    const reason = outcome === 'REALMS_UNAVAILABLE' ? recovery.reason : undefined
    logger.info({ accountId: account.id, outcome, reason }, 'a PIN was tried')
    return { kind: 'said', recovery }
  } catch (error) {
    // Its public keys are not what X documents; they are read before a guess is spent.
    if (error instanceof XError) return { kind: 'refused', error }
    // The name alone: who knows what a message quotes, where a PIN went in.
    const name = error instanceof Error ? error.name : 'unknown'
    logger.error({ accountId: account.id, error: name }, 'a PIN was tried, and nobody knows what came of it')
    return { kind: 'lost' }
  }
}

async function end(
  { vault }: XChatPinServices,
  scope: ChangeScope,
  userId: string,
  accountId: string,
  attemptId: string,
  asked: Asked,
): Promise<Answer> {
  const { db } = scope
  const plan = await lockWorkspace(db)
  const account = await lockAccount(db, accountId)
  if (asked.kind === 'refused') {
    await withdrawAttempt(scope, attemptId)
    if (!account) return { ...NO_ACCOUNT, ...NOTHING }
    const answer = await refused(scope, userId, accountId, explain(asked.error))
    return { ...answer, retryAt: answer.retryAt ?? asked.error.retryAt ?? null }
  }
  if (asked.kind === 'lost') {
    await closeAttempt(scope, attemptId, 'UNKNOWN')
    return refused(scope, userId, accountId, LOST)
  }
  const { recovery } = asked
  const current = await closeAttempt(scope, attemptId, recovery.outcome)
  // Whatever the PIN was: with the account gone, or its messages, there is nothing to keep a key for.
  if (!account) return { ...NO_ACCOUNT, ...NOTHING }
  const problem = ineligible(account, plan)
  if (recovery.outcome === 'CONFIRMED' && (problem || !current)) {
    return refused(scope, userId, accountId, problem ?? OVERTAKEN)
  }
  if (account.captureDirectMessages) await keepRecovery(scope, vault, account, recovery)
  return told(scope, userId, accountId, recovery.outcome)
}

const NOTHING = { outcome: null, guessesLeft: null, attemptsLeft: null, retryAt: null } as const

type Problem = { readonly code: Outcome['userErrors'][number]['code']; readonly message: string }

const OVERTAKEN: Problem = {
  code: 'CONFLICT',
  message: 'The PIN is right, but XChat was changed meanwhile, so its key was not kept. Confirm the PIN again.',
}
const LOST: Problem = {
  code: 'X_UNAVAILABLE',
  message: 'The confirmation broke off. It may have spent a guess, so it counts as a wrong PIN.',
}

function explain({ kind }: XError): Problem {
  if (kind === 'UNAUTHORIZED') {
    return { code: 'ACCOUNT_DEAUTHORIZED', message: 'X refuses this account: authorize it anew. No guess was spent.' }
  }
  const why = kind === 'RATE_LIMITED' ? 'X takes no more calls for now' : 'X does not give the account’s public keys'
  return { code: 'X_UNAVAILABLE', message: `${why}. No guess was spent; try again.` }
}

async function refused(scope: ChangeScope, userId: string, accountId: string, problem: Problem): Promise<Answer> {
  const done = refusal(accountId, problem.code, ['accountId'], problem.message)
  return { ...(await told(scope, userId, accountId, null)), ...done }
}

/** An answer, with what the caps and the realms leave now. */
async function told(
  { db }: ChangeScope,
  userId: string,
  accountId: string,
  outcome: PinOutcome | null,
): Promise<Answer> {
  const guessesLeft = await guessesOf(db, accountId)
  const [allowance] = await readAllowances(db, userId, [{ id: accountId, guessesLeft }])
  if (!allowance) throw new Error('one account has one allowance')
  return { accountId, userErrors: [], outcome, guessesLeft, ...allowance }
}

async function guessesOf(db: ChangeScope['db'], accountId: string): Promise<number | null> {
  const row = await db.accountXChat.findUnique({ where: { accountId }, select: { guessesLeft: true } })
  return row?.guessesLeft ?? null
}
