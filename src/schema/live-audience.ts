import { PerchError } from '../domain/errors.ts'
import type { LogEvent } from '../domain/event.ts'
import type { Position } from '../domain/position.ts'
import type { Audience, Role } from '../domain/visibility.ts'

const RANK: Readonly<Record<Role, number>> = { END_USER: 0, AGENT: 1, ADMIN: 2 }

/**
 * Who a subscriber is to the rules while the log runs past. Access and groups change at a place in the log like
 * everything else, so each event is judged by what held there: nothing is lost or leaked in the moments until some
 * cache has noticed. What lies before the place that the audience was read at is judged by that audience: a replay
 * shows what the subscriber may see today.
 */
export class LiveAudience {
  #audience: Audience
  readonly #asOf: Position
  /** The place in the log of what is known of the person. */
  #known: Position

  constructor(audience: Audience, asOf: Position) {
    this.#audience = audience
    this.#asOf = asOf
    this.#known = asOf
  }

  get audience(): Audience {
    return this.#audience
  }

  /** Where to read the log from: what befell the person between the reading and the start counts, too. */
  readFrom(start: Position): Position {
    return this.#asOf.epoch === start.epoch && this.#asOf.offset < start.offset ? this.#asOf : start
  }

  /** Takes an event in. Gives the reason when the person may not go on: deactivated, or of a lower role. */
  hear(epoch: string, { offset, body }: LogEvent): PerchError | undefined {
    if (body.type !== 'user.updated' || body.userId !== this.#audience.userId) return undefined
    if (epoch === this.#asOf.epoch && offset <= this.#asOf.offset) return undefined
    const { role } = this.#audience
    // The same words as for their sessions, which end for the same reason.
    if (!body.active || RANK[body.role] < RANK[role])
      return new PerchError('UNAUTHENTICATED', 'The user was deactivated, has lost the role, or has signed out.')
    // A token may narrow a role: who became an administrator goes on as who they signed in as.
    const { ticketAccess, groupIds } = body
    this.#audience = { ...this.#audience, ticketAccess, groupIds }
    this.#known = { epoch, offset }
    return undefined
  }

  /** Whether somebody else's reading of the person is of a later place in the log. */
  isBehind({ asOf }: { readonly asOf?: Position }): boolean {
    return asOf !== undefined && asOf.epoch === this.#known.epoch && asOf.offset > this.#known.offset
  }
}
