import { z } from 'zod'
import type { Actor } from '../domain/event.ts'
import type { Store } from '../store/store.ts'
import type { RemovedApps } from './removed-apps.ts'

/*
 * X's `oauth.revoke` as a job: X is asked whether it is so, which takes time and may fail, and neither the events behind
 * it may wait for that, nor may it be forgotten.
 */

export const REVOCATION_JOB = 'hear_revocation'

const ACTOR: Actor = { kind: 'system', part: 'authorization' }

/** Notes that X says somebody removed the app. */
export async function heardOfRevocation(store: Store, xUserId: string, at: Date): Promise<void> {
  await store.change(ACTOR, async ({ enqueue }) => {
    enqueue({ name: REVOCATION_JOB, payload: { xUserId, at: at.toISOString() }, key: `${REVOCATION_JOB}/${xUserId}` })
  })
}

const payloadShape = z.object({ xUserId: z.string(), at: z.iso.datetime() })

/** The task of REVOCATION_JOB. */
export function createRevocationTask(removed: RemovedApps): (payload: unknown) => Promise<void> {
  return async (payload) => {
    const { xUserId, at } = payloadShape.parse(payload)
    await removed.heard(xUserId, new Date(at))
  }
}
