import type { UserError } from '../domain/errors.ts'
import type { TicketStatus } from '../domain/event.ts'
import type { PostLength } from '../domain/post-text.ts'
import type { MicroDollars } from '../domain/price.ts'
import type { ReplyChannel, SenderChoice, SenderOption } from '../domain/sender.ts'
import type { Audience } from '../domain/visibility.ts'
import type { Outcome } from '../tickets/outcome.ts'

/* Answers, for whoever lets people give them. What is promised here is kept by deliver.ts. */

export interface ReplyRequest {
  readonly ticketId: string
  readonly body: string
  /** The account that sends it; undefined: the one that `options` proposes (F28). */
  readonly accountId?: string | undefined
  /** The comment that it answers; undefined: the customer's last. */
  readonly commentId?: string | undefined
  /** Whether it carries a link to the ticket's page, where agents decide (F52); undefined: the agent does not say. */
  readonly ticketLink?: boolean | undefined
  /** What the ticket's status becomes. */
  readonly status?: TicketStatus | undefined
}

/** What an agent has made up their mind about so far. */
export type OptionsRequest = Pick<ReplyRequest, 'ticketId' | 'body' | 'commentId' | 'ticketLink'>

/** An account that might answer. */
export interface ReplyOption extends SenderOption {
  /** When an answer that it gives now is expected to be sent, and what X charges for it; null: it gives none. */
  readonly expectedAt: Date | null
  readonly price: MicroDollars | null
}

/** What an agent sees before they type. */
export interface ReplyOptions extends SenderChoice {
  readonly ticketId: string
  readonly options: readonly ReplyOption[]
  /** Why nobody may answer at all, whichever account they name: what `reply` would say. Null: somebody may. */
  readonly problem: UserError | null
  readonly channel: ReplyChannel
  /** The comment that is answered; null: there is none of the customer's. */
  readonly commentId: string | null
  /** The text as it would be sent: with its link, if it gets one. */
  readonly text: string
  /** Of a post: how long that is by X's count; null: another way. */
  readonly length: PostLength | null
  /** Characters that a text of this way may have. */
  readonly limit: number
  /** What the text leaves of it; negative: so much too long. */
  readonly left: number
  /** When an answer given now is expected to be sent, by the account that is proposed. */
  readonly expectedAt: Date
  /** What X charges for it then. */
  readonly price: MicroDollars
}

export interface ReplyOutcome extends Outcome {
  readonly commentId: string | null
}

export interface Replies {
  /** Null when there is no ticket that the person sees. `body` is what they have typed so far. */
  options(person: Audience, request: OptionsRequest): Promise<ReplyOptions | null>
  /** When answers that wait are expected to be sent, by their comments' ids; nothing of those that do not wait. */
  expected(commentIds: readonly string[]): Promise<ReadonlyMap<string, Date>>
  /** Commits the answer and the job that sends it together, and returns at once (F27, F28, F36, F37). */
  reply(person: Audience, request: ReplyRequest): Promise<ReplyOutcome>
  /**
   * Sends an answer again that was not sent. One that is UNKNOWN may be on X already: `evenIfSent` says that the person
   * has looked, or does not mind.
   */
  retry(person: Audience, commentId: string, evenIfSent: boolean): Promise<ReplyOutcome>
}
