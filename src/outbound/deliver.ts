import type { Logger } from 'pino'
import { type Attempted, afterAttempt, afterFailedGlance, afterFailedLook, afterLook } from '../domain/delivery.ts'
import { deliveryJob } from '../domain/delivery-job.ts'
import { isBulksTurn } from '../domain/fair-queue.ts'
import type { Store } from '../store/store.ts'
import { beginAttempt, type DueDelivery, nextDelivery, OUTBOUND, settle, waitForRoom } from './rows.ts'

/*
 * Sends what waits of one account, one after the other. An attempt is committed before X is asked: whoever comes after a
 * killed process finds it SENDING, and looks for it on X rather than sending it again.
 */

/** The wire. */
export interface Courier {
  /** Makes it ready; nothing is sent. Gives why not, if it cannot be sent now. */
  prepare(accountId: string | null, delivery: DueDelivery): Promise<Parcel | NotSent>
  /** X's id of it, if X has it; null: X does not show it. Throws when X cannot be asked. */
  lookFor(accountId: string | null, delivery: DueDelivery): Promise<string | null>
}

/** Ready to be sent. */
export interface Parcel {
  readonly kind: 'READY'
  /** The id by which it will be known, if we choose it. */
  readonly messageId: string | null
  /** Asks X to take it; once. */
  send(): Promise<Attempted>
}

export type NotSent = Extract<Attempted, { kind: 'LATER' | 'REFUSED' }>

export interface DeliverServices {
  readonly store: Store
  readonly courier: Courier
  readonly logger: Logger
}

/** A job that works longer makes way for others. */
const TURN_MS = 20_000
/** After one that X did not take for now, so long nothing else is tried that way, however much waits. */
const BRAKE_MS = 1_000

/** Sends until nothing is due, or its turn is over; comes back when something will be. */
export async function deliver(
  services: DeliverServices,
  accountId: string | null,
  signal?: AbortSignal,
): Promise<void> {
  const { store } = services
  const begun = performance.now()
  /** Ways on which X takes nothing more for a while: in how many milliseconds, by performance.now(), it does. */
  const closed = new Map<DueDelivery['channel'], number>()
  for (let sent = 0; ; ) {
    const { delivery, inMs } = await nextDelivery(store, accountId, [...closed.keys()], isBulksTurn(sent))
    const opens = [...closed.values()].map((at) => Math.max(0, at - performance.now()))
    if (inMs === null && opens.length === 0) return
    if (!delivery || signal?.aborted || performance.now() - begun > TURN_MS) {
      const waitMs = delivery ? 0 : Math.min(inMs ?? Infinity, ...opens)
      // An answer that was given meanwhile has enqueued a job for now: that stands.
      await store.change(OUTBOUND, async ({ enqueue }) =>
        enqueue({ ...deliveryJob(accountId), inMs: waitMs, keepsTime: true }),
      )
      return
    }
    if (delivery.state === 'SENDING') {
      await look(services, accountId, delivery)
      continue
    }
    sent += 1
    const attempted = await attempt(services, accountId, delivery)
    if (attempted?.kind === 'LATER')
      closed.set(delivery.channel, performance.now() + (attempted.notBeforeMs ?? BRAKE_MS))
  }
}

/** Undefined: it was not to be sent any more. */
async function attempt(
  services: DeliverServices,
  accountId: string | null,
  delivery: DueDelivery,
): Promise<Attempted | undefined> {
  const { store, courier, logger } = services
  const { commentId } = delivery
  const parcel = await courier.prepare(accountId, delivery)
  const ready = parcel.kind === 'READY'
  // No attempt begins that is known to come to nothing: X is not asked.
  if (!ready && parcel.kind === 'LATER' && parcel.error === 'RATE_LIMITED') {
    await waitForRoom(store, delivery, parcel.notBeforeMs ?? BRAKE_MS)
    return parcel
  }
  if (ready && delivery.uncertain && !(await isNotThere(services, accountId, delivery))) return undefined
  if (!(await beginAttempt(store, delivery, ready ? parcel.messageId : null))) return undefined
  const attempted = ready ? await parcel.send() : parcel
  const facts = { attempts: delivery.attempts + 1, ageMs: delivery.ageMs, uncertain: delivery.uncertain }
  const standing = afterAttempt(attempted, facts, Math.random())
  if (standing.state !== 'SENT') logger.info({ commentId, accountId, ...standing }, 'an answer was not sent')
  await settle(store, commentId, standing)
  return attempted
}

/**
 * Looks once more before something is sent again that X may have: it may have shown it late. Where X cannot be asked it is
 * looked for later; but what a person asked for anew since, who was told that it may be there, is sent.
 */
async function isNotThere(
  { store, courier, logger }: DeliverServices,
  accountId: string | null,
  delivery: DueDelivery,
): Promise<boolean> {
  const { commentId, attempts } = delivery
  try {
    const externalId = await courier.lookFor(accountId, delivery)
    if (externalId === null) return true
    logger.info({ commentId, accountId }, 'an answer that was to be sent again is there')
    await settle(store, commentId, { state: 'SENT', externalId }, { from: 'QUEUED' })
    return false
  } catch (failure) {
    logger.warn({ err: failure, commentId, accountId }, 'an answer could not be looked for before it is sent again')
    if (attempts === 0) return true
    const failures = delivery.lookedFor + 1
    await settle(store, commentId, afterFailedGlance(failures), { from: 'QUEUED', looks: failures })
    return false
  }
}

async function look({ store, courier, logger }: DeliverServices, accountId: string | null, delivery: DueDelivery) {
  const { commentId } = delivery
  const refused = delivery.error === 'UNAVAILABLE'
  try {
    const looks = delivery.lookedFor + 1
    const found = await courier.lookFor(accountId, delivery)
    const standing = afterLook(found, looks, refused, delivery, Math.random())
    logger.info({ commentId, accountId, state: standing.state }, 'an answer whose sending was cut off was looked for')
    await settle(store, commentId, standing, { looks })
  } catch (failure) {
    logger.warn({ err: failure, commentId, accountId }, 'an answer could not be looked for; trying again')
    await settle(store, commentId, afterFailedLook(delivery.begunAgoMs, refused), { looks: delivery.lookedFor })
  }
}
