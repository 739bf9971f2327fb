import { timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { blindEvaluate } from './oprf.ts'
import { registrationSchema, type SecretsRequest, type SecretsResponse } from './wire.ts'

/** What a realm keeps for a user. With no guess left the share is gone; only a new registration helps. */
export const recordSchema = z.discriminatedUnion('state', [
  z.object({ state: z.literal('NotRegistered') }),
  z.object({ state: z.literal('NoGuesses'), maxGuesses: z.int() }),
  z.object({ state: z.literal('Registered'), registration: registrationSchema, guessCount: z.int() }),
])
export type UserRecord = z.infer<typeof recordSchema>
type Registered = Extract<UserRecord, { state: 'Registered' }>

export const NOT_REGISTERED: UserRecord = { state: 'NotRegistered' }

/** An answer, and the record that must be stored before it is given; absent when nothing changes. */
export interface Outcome {
  readonly response: SecretsResponse
  readonly record?: UserRecord
}

/**
 * What a realm does with a request: the three phases of recovery, registration, deletion, as juicebox-software-realm
 * does them (router/router.go). A guess is spent in phase 2, before anybody knows whether the PIN is right, and a
 * right PIN gets all of them back in phase 3. Throws a WireError, having spent nothing, for a point that is none.
 */
export function handle(request: SecretsRequest, record: UserRecord): Outcome {
  switch (request.kind) {
    case 'Register1':
      return { response: { Register1: 'Ok' } }
    case 'Register2': {
      const { kind: _, ...registration } = request
      return { response: { Register2: 'Ok' }, record: { state: 'Registered', registration, guessCount: 0 } }
    }
    case 'Delete':
      return { response: { Delete: 'Ok' }, record: NOT_REGISTERED }
    case 'Recover1':
      return recover1(record)
    case 'Recover2':
      return recover2(request, record)
    case 'Recover3':
      return recover3(request, record)
  }
}

function recover1(record: UserRecord): Outcome {
  if (record.state !== 'Registered') return { response: { Recover1: record.state } }
  if (guessesLeft(record) === 0) return { response: { Recover1: 'NoGuesses' }, record: locked(record) }
  return { response: { Recover1: { Ok: { version: record.registration.version } } } }
}

function recover2(request: Extract<SecretsRequest, { kind: 'Recover2' }>, record: UserRecord): Outcome {
  if (record.state !== 'Registered') return { response: { Recover2: record.state } }
  const { registration } = record
  if (!equal(registration.version, request.version)) return { response: { Recover2: 'VersionMismatch' } }
  if (guessesLeft(record) === 0) return { response: { Recover2: 'NoGuesses' }, record: locked(record) }
  const { result, proof } = blindEvaluate(
    registration.oprf_private_key,
    registration.oprf_signed_public_key.public_key,
    request.oprf_blinded_input,
  )
  const guessCount = record.guessCount + 1
  return {
    response: {
      Recover2: {
        Ok: {
          oprf_signed_public_key: registration.oprf_signed_public_key,
          oprf_blinded_result: result,
          oprf_proof: proof,
          unlock_key_commitment: registration.unlock_key_commitment,
          num_guesses: registration.policy.num_guesses,
          guess_count: guessCount,
        },
      },
    },
    record: { ...record, guessCount },
  }
}

function recover3(request: Extract<SecretsRequest, { kind: 'Recover3' }>, record: UserRecord): Outcome {
  if (record.state !== 'Registered') return { response: { Recover3: record.state } }
  const { registration } = record
  if (!equal(registration.version, request.version)) return { response: { Recover3: 'VersionMismatch' } }
  if (!equal(registration.unlock_key_tag, request.unlock_key_tag)) {
    const left = guessesLeft(record)
    return {
      response: { Recover3: { BadUnlockKeyTag: { guesses_remaining: left } } },
      ...(left === 0 && { record: locked(record) }),
    }
  }
  const { encryption_key_scalar_share, encrypted_secret, encrypted_secret_commitment } = registration
  return {
    response: {
      Recover3: { Ok: { encryption_key_scalar_share, encrypted_secret, encrypted_secret_commitment } },
    },
    record: { ...record, guessCount: 0 },
  }
}

/** The record after as many wrong PINs as the user had guesses. Who is not registered has none to spend. */
export const exhausted = (record: UserRecord): UserRecord =>
  record.state === 'Registered' ? { ...record, guessCount: record.registration.policy.num_guesses } : record

const guessesLeft = ({ registration, guessCount }: Registered) =>
  Math.max(0, registration.policy.num_guesses - guessCount)

const locked = ({ registration }: Registered): UserRecord => ({
  state: 'NoGuesses',
  maxGuesses: registration.policy.num_guesses,
})

const equal = (a: Uint8Array, b: Uint8Array) => a.length === b.length && timingSafeEqual(a, b)
