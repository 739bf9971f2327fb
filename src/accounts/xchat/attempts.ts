import { v7 as uuid } from 'uuid'
import {
  PIN_CAPS,
  type PinAllowance,
  type PinAttempt,
  pinAllowance,
  type XChatPinOutcome,
} from '../../domain/xchat-pin.ts'
import type { ChangeScope } from '../../store/store.ts'

/*
 * The tries of PINs as the database keeps them: written before a guess is spent, on its clock, so that the caps outlive
 * restarts and hold across processes.
 */

/** What tries are read and written with: inside a transaction, or outside for looking only. */
type Db = Pick<ChangeScope['db'], '$queryRaw' | 'xChatPinAttempt'>

/** No try takes this long; one that is still open then belongs to a process that died. In seconds. */
const STALE_SECONDS = 120

/** What the caps leave an administrator at each of these accounts, in their order. */
export async function readAllowances(
  db: Pick<Db, '$queryRaw'>,
  userId: string,
  accounts: readonly { readonly id: string; readonly guessesLeft: number | null }[],
): Promise<readonly PinAllowance[]> {
  const rows = await db.$queryRaw<Row[]>`
    WITH of_accounts AS (
      SELECT a.account_id, a.user_id, a.started_at, a.outcome FROM xchat_pin_attempt a
      WHERE a.account_id = ANY(${accounts.map(({ id }) => id)}::uuid[])
        AND (a.started_at > clock_timestamp() - ${PIN_CAPS.day} * interval '1 millisecond'
          OR a.started_at >= coalesce(
            (SELECT max(c.started_at) FROM xchat_pin_attempt c
             WHERE c.account_id = a.account_id AND c.outcome = 'CONFIRMED'), '-infinity'))
    ), of_user AS (
      SELECT a.account_id, a.user_id, a.started_at, a.outcome FROM xchat_pin_attempt a
      WHERE a.user_id = ${userId}::uuid
        AND a.started_at > clock_timestamp() - ${PIN_CAPS.day} * interval '1 millisecond'
    )
    SELECT clock_timestamp() AS now, NULL AS "accountId", NULL AS "startedAt", NULL AS outcome, false AS own
    UNION ALL SELECT NULL, account_id::text, started_at, outcome::text, false FROM of_accounts
    UNION ALL SELECT NULL, account_id::text, started_at, outcome::text, true FROM of_user`
  const now = rows.find((row) => row.now)?.now ?? new Date()
  const tries = rows.flatMap(({ accountId, startedAt, outcome, own }) =>
    startedAt ? [{ accountId, own, startedAt, outcome }] : [],
  )
  const administrator: PinAttempt[] = tries.filter(({ own }) => own)
  return accounts.map(({ id, guessesLeft }) => {
    const account = tries.filter(({ own, accountId }) => !own && accountId === id)
    return pinAllowance({ now, account, administrator, guessesLeft })
  })
}

interface Row {
  readonly now: Date | null
  readonly accountId: string | null
  readonly startedAt: Date | null
  readonly outcome: XChatPinOutcome | null
  /** Whether it is listed as one of the administrator's. */
  readonly own: boolean
}

export type Opened =
  | { readonly kind: 'OPEN'; readonly attemptId: string }
  | { readonly kind: 'IN_PROGRESS'; readonly allowance: PinAllowance }
  | { readonly kind: 'TOO_MANY'; readonly allowance: PinAllowance }

/** Begins a try, if the caps let it. The account's row must be locked. */
export async function openAttempt(
  { db }: ChangeScope,
  userId: string,
  account: { readonly id: string; readonly guessesLeft: number | null },
): Promise<Opened> {
  // Tries of one person at several accounts count together, so they come one after the other.
  await db.$executeRaw`SELECT 1 FROM "user" WHERE id = ${userId}::uuid FOR NO KEY UPDATE`
  await db.$executeRaw`
    UPDATE xchat_pin_attempt SET outcome = 'UNKNOWN'
    WHERE account_id = ${account.id}::uuid AND outcome IS NULL
      AND started_at < clock_timestamp() - ${STALE_SECONDS} * interval '1 second'`
  const [allowance] = await readAllowances(db, userId, [account])
  if (!allowance) throw new Error('one account has one allowance')
  const running = await db.xChatPinAttempt.count({ where: { accountId: account.id, outcome: null } })
  if (running > 0) return { kind: 'IN_PROGRESS', allowance }
  if (allowance.attemptsLeft === 0) return { kind: 'TOO_MANY', allowance }
  const attemptId = uuid()
  await db.$executeRaw`
    INSERT INTO xchat_pin_attempt (id, account_id, user_id, started_at)
    VALUES (${attemptId}::uuid, ${account.id}::uuid, ${userId}::uuid, clock_timestamp())`
  return { kind: 'OPEN', attemptId }
}

/**
 * Says what became of a try. False when it was closed before: it was taken for dead, or XChat was switched off
 * meanwhile. What it found then must not be kept, but what it spent is the truth all the same.
 */
export async function closeAttempt({ db }: ChangeScope, attemptId: string, outcome: XChatPinOutcome): Promise<boolean> {
  const closed = await db.xChatPinAttempt.updateMany({ where: { id: attemptId, outcome: null }, data: { outcome } })
  if (closed.count === 0) await db.xChatPinAttempt.updateMany({ where: { id: attemptId }, data: { outcome } })
  return closed.count > 0
}

/** Closes what runs at an account; whoever runs it will find it closed. It may have spent its guess. */
export async function abandonAttempts({ db }: ChangeScope, accountId: string): Promise<void> {
  await db.xChatPinAttempt.updateMany({ where: { accountId, outcome: null }, data: { outcome: 'UNKNOWN' } })
}

/** Takes a try back that never reached the realms: it spent nothing. */
export async function withdrawAttempt({ db }: ChangeScope, attemptId: string): Promise<void> {
  await db.xChatPinAttempt.deleteMany({ where: { id: attemptId } })
}
