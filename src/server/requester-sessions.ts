import { hkdfSync } from 'node:crypto'
import { PerchError } from '../domain/errors.ts'
import { SESSION_SCHEME } from './requester-cookies.ts'

/** Those who signed in to the requester's page (F51, F53). */
export interface RequesterSessions {
  /** Of their cookies' tokens; the first signs. */
  readonly keys: readonly [Uint8Array, ...Uint8Array[]]
  /** Whether requesters can sign in. */
  readonly open: () => Promise<boolean>
}

/** The key of their sessions: what a cookie holds is no access token, and the other way round. */
export function deriveSessionKey(secret: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', 'perch requester session v1', 32))
}

const SESSION = new RegExp(`^${SESSION_SCHEME} (.+)$`)

/** The token of a cookie, as requester-cookies.ts hands it on. */
export const sessionTokenOf = (credential: string): string | undefined => SESSION.exec(credential)?.[1]

/** Throws UNAUTHENTICATED while requesters cannot sign in, UNAVAILABLE when that cannot be said. */
export async function requireOpen({ open }: RequesterSessions): Promise<void> {
  const isOpen = await open().catch((cause: unknown) => {
    throw new PerchError('UNAVAILABLE', 'Sessions cannot be checked at the moment. Try again.', { cause })
  })
  if (!isOpen) throw new PerchError('UNAUTHENTICATED', 'Requesters cannot sign in here at the moment.')
}
