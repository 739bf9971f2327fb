import type { UserError } from '../domain/errors.ts'
import type { Position } from '../domain/position.ts'

/* What requesters do with what is theirs (F53). The one interface of this room for the schema and the doors. */

/** The way to X. */
export interface StartedSignIn {
  /** Where the browser goes. */
  readonly url: string
  /** What the browser's cookie holds until it is back: the state is good with it only. */
  readonly browser: string
}

/** What came back from X's page. */
export interface SignInAnswer {
  readonly state: string
  readonly code: string | null
  /** RFC 6749 §4.1.2.1, such as `access_denied`. */
  readonly error: string | null
}

/** Why somebody is not let in. */
export type SignInRefusal = 'CLOSED' | 'STALE' | 'DENIED' | 'X_UNAVAILABLE' | 'SUSPENDED'

export type SignInOutcome =
  | {
      readonly userId: string
      /** What the session carries: it is over once the person begins another generation (`signOutEverywhere`). */
      readonly sessionGeneration: number
      readonly returnTo: string
      readonly refused?: undefined
    }
  | { readonly refused: SignInRefusal }

export interface SignIns {
  /** Whether requesters can sign in (F51). */
  open(): Promise<boolean>
  /** `returnTo`: the path of the page to go on with. Undefined: requesters cannot sign in. */
  start(returnTo: string): Promise<StartedSignIn | undefined>
  /** `browser`: what the cookie holds, if there is one. Whoever comes for the first time is made an end user. */
  complete(answer: SignInAnswer, browser: string | undefined): Promise<SignInOutcome>
}

/** Absent: as it is. */
export interface ProfilePatch {
  readonly name?: string | null | undefined
  /** Null: no address any more. Another one counts once it is confirmed. */
  readonly email?: string | null | undefined
  /** True: ends all their sessions of the page. */
  readonly signOutEverywhere?: boolean | null | undefined
}

export interface ProfileOutcome {
  readonly userErrors: readonly UserError[]
  readonly position: Position
}

export interface Profiles {
  update(userId: string, patch: ProfilePatch): Promise<ProfileOutcome>
  /** `token`: what the link of the mail carries. */
  confirmEmail(userId: string, token: string): Promise<ProfileOutcome>
  /** The address that waits to be confirmed. */
  unconfirmedEmail(userId: string): Promise<string | null>
}
