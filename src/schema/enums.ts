import type { DeliveryState } from '../domain/delivery.ts'
import { builder } from './builder.ts'

/** The values of an enum, each with its description. */
export const described = <T extends string>(descriptions: Record<T, string>) =>
  Object.fromEntries(
    Object.entries<string>(descriptions).map(([value, description]) => [value, { description }]),
  ) as Record<T, { description: string }>

export const TicketStatusEnum = builder.enumType('TicketStatus', {
  description: 'How far the work on a ticket is.',
  values: described({
    NEW: 'Nobody has taken it yet. It becomes OPEN when somebody is assigned, and is never NEW again.',
    OPEN: 'It waits for the team.',
    PENDING: 'It waits for the requester.',
    HOLD: 'It waits for somebody else.',
    SOLVED: 'The team is done. A new message of the requester opens it again.',
    CLOSED: 'Final. Set by itself some days after SOLVED; a later message opens a follow-up ticket.',
  }),
})

export const TicketPriorityEnum = builder.enumType('TicketPriority', {
  description: 'How urgent a ticket is, in rising order.',
  values: described({
    LOW: 'Can wait.',
    NORMAL: 'As usual.',
    HIGH: 'Before others.',
    URGENT: 'Before everything else.',
  }),
})

export const TicketChannelEnum = builder.enumType('TicketChannel', {
  description: 'Where a ticket came from.',
  values: described({
    X_CORP: 'A public post: a mention, or a reply to a post of the account.',
    X_CORP_DM: 'A direct message.',
    X_CORP_LIKE: 'A post that the account liked.',
  }),
})

export const UserRoleEnum = builder.enumType('UserRole', {
  description: 'What a person is here.',
  values: described({
    ADMIN: 'Sets the workspace up, and does all that an agent does.',
    AGENT: 'Works tickets.',
    END_USER: 'Opens tickets: somebody who wrote to one of the accounts.',
  }),
})

export const TicketAccessEnum = builder.enumType('TicketAccess', {
  description: 'Which tickets an agent sees. docs/visibility.md says more.',
  values: described({
    ALL: 'All of them.',
    GROUPS: 'Those of their groups, those assigned to them, and those that they opened themselves.',
    ASSIGNED: 'Those assigned to them, and those that they opened themselves.',
  }),
})

export const AccountStatusEnum = builder.enumType('AccountStatus', {
  description: 'Whether an account is at work.',
  values: described({
    ACTIVE: 'Captures and answers.',
    DEACTIVATED: 'Switched off by an administrator.',
    DEAUTHORIZED: 'X no longer lets us in; it must be authorized anew.',
    UNLINKED: 'Removed by an administrator. Its tickets stay.',
  }),
})

export const DeauthorizationCauseEnum = builder.enumType('DeauthorizationCause', {
  description: 'Why X no longer lets an account in.',
  values: described({
    PASSWORD_CHANGED: 'X ended the grant and told of no removal of the app, as when the password was changed.',
    APP_REMOVED: 'The owner of the account removed the app in X’s settings.',
    REFUSED: 'X refused the account’s calls again and again, whatever was tried.',
    INACTIVE: 'There was no traffic for 20 days.',
  }),
})

export const CommentDirectionEnum = builder.enumType('CommentDirection', {
  description: 'Which side said it.',
  values: described({ INBOUND: 'A customer.', OUTBOUND: 'The team.' }),
})

export const CommentVisibilityEnum = builder.enumType('CommentVisibility', {
  description: 'Who may read a comment.',
  values: described({ PUBLIC: 'The requester too.', PRIVATE: 'Agents and administrators alone.' }),
})

export const CommentChannelEnum = builder.enumType('CommentChannel', {
  description: 'The way a comment travelled.',
  values: described({
    X_POST: 'A public post on X.',
    X_DM: 'A direct message on X.',
    X_CHAT: 'An encrypted message on XChat.',
    EMAIL: 'An e-mail.',
    WEB: 'The ticket’s page.',
    API: 'This API.',
  }),
})

export const DeliveryStateEnum = builder.enumType('DeliveryState', {
  description: 'What became of an answer.',
  values: described<DeliveryState>({
    QUEUED: 'Waits for its turn, or for X.',
    SENDING: 'On its way, or being looked for on X after an interruption.',
    SENT: 'X has it.',
    FAILED: 'Not sent; `error` says why.',
    UNKNOWN: 'Sending was interrupted, and X does not show it. It may be there all the same.',
  }),
})

export const OrderDirectionEnum = builder.enumType('OrderDirection', {
  description: 'Which way a list runs.',
  values: described({ ASC: 'Smallest, or oldest, first.', DESC: 'Largest, or newest, first.' }),
})
