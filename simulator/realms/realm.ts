import { exhausted, handle, NOT_REGISTERED, type UserRecord } from './record.ts'
import type { SecretsRequest, SecretsResponse } from './wire.ts'

export interface RealmOptions {
  readonly records: ReadonlyMap<string, UserRecord>
  /** The most guesses that a user gets, whatever the client asks for. */
  readonly maxGuesses: number
  /** Keeps a changed record for good. What it rejects with, the request fails with. */
  readonly store: (userId: string, record: UserRecord) => Promise<void>
}

/** A realm's records, and what it does with them. */
export interface Realm {
  /** Answers once what it changed is stored: an answered guess stays spent. Rejects with a WireError. */
  answer(userId: string, request: SecretsRequest): Promise<SecretsResponse>
  /** Spends all of a user's guesses. */
  exhaust(userId: string): Promise<void>
}

export function createRealm({ records, maxGuesses, store }: RealmOptions): Realm {
  const current = new Map(records)
  const recordOf = (userId: string) => current.get(userId) ?? NOT_REGISTERED
  // Read, decide and set happen in one turn of the event loop, so that two requests cannot spend the same guess.
  const keep = async (userId: string, record: UserRecord) => {
    current.set(userId, record)
    await store(userId, record)
  }
  const capped = (request: SecretsRequest): SecretsRequest =>
    request.kind === 'Register2'
      ? { ...request, policy: { num_guesses: Math.min(request.policy.num_guesses, maxGuesses) } }
      : request

  return {
    async answer(userId, request) {
      const { response, record } = handle(capped(request), recordOf(userId))
      if (record) await keep(userId, record)
      return response
    },
    exhaust: (userId) => keep(userId, exhausted(recordOf(userId))),
  }
}
