import type { UserError } from '../domain/errors.ts'
import type { Position } from '../domain/position.ts'

/** What became of what somebody wanted done with a ticket. With userErrors, nothing was changed. */
export interface Outcome {
  /** The ticket it was about; null when there is none that the person sees. */
  readonly ticketId: string | null
  readonly userErrors: readonly UserError[]
  /** The log position that includes the change. */
  readonly position: Position
}

/** What the work inside the transaction says. */
export type Done = Omit<Outcome, 'position'>

/** There is no such ticket, as far as the person is concerned. */
export const NO_TICKET: Done = {
  ticketId: null,
  userErrors: [{ code: 'NOT_FOUND', field: ['ticketId'], message: 'There is no ticket with this id.' }],
}
