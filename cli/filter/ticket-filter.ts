/** The input TicketFilter of the schema, as far as text can say it. */
export interface TicketFilter {
  statuses?: readonly string[]
  channels?: readonly string[]
  priorities?: readonly string[]
  accountIds?: readonly string[]
  requesterIds?: readonly string[]
  assigneeIds?: readonly string[]
  unassigned?: boolean
  groupIds?: readonly string[]
  tags?: { anyOf?: readonly string[]; allOf?: readonly string[]; noneOf?: readonly string[] }
  text?: string
  deleted?: boolean
  createdAfter?: string
  createdBefore?: string
  updatedAfter?: string
  updatedBefore?: string
}

export const STATUSES = ['NEW', 'OPEN', 'PENDING', 'HOLD', 'SOLVED', 'CLOSED'] as const
export const CHANNELS = ['X_CORP', 'X_CORP_DM', 'X_CORP_LIKE'] as const
export const PRIORITIES = ['LOW', 'NORMAL', 'HIGH', 'URGENT'] as const

/** Entries in one list of a filter, and characters to search for, at most: the schema's limits. */
export const LIST_LENGTH = 100
export const TEXT_LENGTH = 200
