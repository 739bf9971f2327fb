import type { UserError, UserErrorCode } from '../domain/errors.ts'
import { REFUSAL_WORDS } from '../outbound/wording.ts'
import { builder } from './builder.ts'
import { type NodeType, parseGlobalId } from './global-id.ts'

const CODES = {
  NOT_FOUND: 'There is nothing with this id, or nothing that you see.',
  INVALID_INPUT: 'The value is of the right type, but cannot be taken: empty, too long, contradictory.',
  CLOSED_TICKET: 'The ticket is closed; only its tags, subject and priority change.',
  INVALID_TRANSITION: 'A ticket does not go from its status to this one.',
  ASSIGNEE_REQUIRED: 'A solved ticket has an assignee.',
  PRIORITY_CANNOT_BE_CLEARED: 'A priority can be changed, but not taken away.',
  NOT_AN_AGENT: 'Only an active agent or administrator can be assigned.',
  NOT_IN_GROUP: 'The assignee is not a member of the ticket’s group.',
  CONFLICT: 'Somebody else changed it meanwhile; read it anew.',
  DELETED_TICKET: 'The ticket is deleted; restore it first.',
  NOT_DELETED: 'The ticket is not deleted.',
  RESTORE_EXPIRED: 'The ticket was deleted more than 30 days ago.',
  NOT_AN_END_USER: 'Only end users can be suspended.',
  MERGE_INTO_ITSELF: 'A ticket cannot be merged into itself.',
  MERGE_ACROSS_ACCOUNTS: 'The tickets came to different accounts.',
  MERGE_ACROSS_REQUESTERS: 'The tickets have different requesters.',
  CONFIRMATION_MISMATCH: 'What was typed to confirm is not the handle of the account.',
  ALREADY_CONNECTED: 'This handle is connected already.',
  ACCOUNT_LIMIT_REACHED: 'The plan has no room for another X account.',
  NOT_IN_PLAN: 'The plan does not have this: direct messages need the Suite plan.',
  WRONG_ACCOUNT: 'Somebody else than the account that was to be authorized anew consented at X.',
  ACCOUNT_NOT_ACTIVE: 'The account is switched off or unlinked.',
  ACCOUNT_DEAUTHORIZED: 'X no longer lets the account in; authorize it anew first.',
  DEFAULT_NEEDS_REPLIES: 'Only an account that allows replies can be the default.',
  CONVERSION_NEEDS_CAPTURE_OFF: 'Posts are converted by hand only where mentions are not captured.',
  XCHAT_NEEDS_DIRECT_MESSAGES: 'XChat needs an account that captures direct messages.',
  AUTHORIZATION_DENIED: 'The owner of the account said no on X’s page.',
  AUTHORIZATION_UNKNOWN: 'No authorization of yours has this state.',
  AUTHORIZATION_USED: 'This authorization was completed already; a state is good once.',
  AUTHORIZATION_EXPIRED: 'More than ten minutes have passed; start anew.',
  CODE_REJECTED: 'X does not take the code: it is good once, and for 30 seconds.',
  SCOPES_MISSING: 'X granted less than what was asked for.',
  X_UNAVAILABLE: 'X does not answer, or not sensibly; try again.',
  MANUAL_CONVERSION_OFF: 'Posts of this account become tickets by themselves, or are not converted by hand.',
  OWN_POST: 'An account of ours wrote the post.',
  REPOST: 'It repeats the post of somebody else without a word of its own.',
  POST_DELETED: 'The author of the post deleted it at X.',
  SIGN_IN_NEEDS_REQUESTER_PAGE: 'Requesters sign in to their page, which is not activated.',
  TICKET_LINKS_NEED_SIGN_IN: 'Links to tickets need requesters who can sign in to their page with X.',
  TICKET_LINK_ALWAYS: 'The workspace is set to include the link to the ticket always.',
  EMAIL_LINK_INVALID: 'The link of the e-mail is not yours, too old, or was replaced by a newer one.',
  TOO_MANY_TRIES: 'Too often in too short a time; try again later, as the message says.',
  LAST_ADMINISTRATOR: 'Nobody else could administer the workspace.',
  NAME_TAKEN: 'Another group has this name.',
  GROUP_IN_USE: 'The group has tickets that are not closed.',
  EMAIL_TAKEN: 'Somebody else has this e-mail address.',
  ...REFUSAL_WORDS,
  NOTHING_TO_ANSWER: 'The ticket holds nothing of the customer that X lets us answer.',
  MAY_BE_SENT: 'X, or the customer’s mailbox, may have the answer already; sent again, it may be there twice.',
  IDEMPOTENCY_CONFLICT: 'You used this idempotency key already, for something else.',
  TOO_MANY_TICKETS: 'A bulk update takes no more tickets than this.',
  TOO_MANY_BULK_UPDATES: 'As many bulk updates as there may be wait or run already.',
  BULK_UPDATE_RUNNING: 'The bulk update is not over yet: wait for its end, or cancel it.',
  NOTE_STAYS: 'Of an undo: the private note is not taken away.',
  ANSWER_NOT_WAITING: 'Of an undo: the answer does not wait any more, and is not taken back.',
  ANSWER_WITHDRAWN: 'Of an undo of an undo: the answer that was withdrawn is not given again.',
} satisfies Record<UserErrorCode, string>

const UserErrorCodeEnum = builder.enumType('UserErrorCode', {
  description: 'What can be wrong with an input. docs/errors.md says what to do about each.',
  values: Object.fromEntries(Object.entries(CODES).map(([code, description]) => [code, { description }])) as Record<
    UserErrorCode,
    { description: string }
  >,
})

export const UserErrorRef = builder.objectRef<UserError>('UserError').implement({
  description: 'One thing that is wrong with an input. While there is any, nothing was changed.',
  fields: (t) => ({
    code: t.expose('code', { type: UserErrorCodeEnum, description: 'What is wrong, for programs.' }),
    field: t.stringList({ description: 'Where: the path inside `input`.', resolve: ({ field }) => [...field] }),
    message: t.exposeString('message', { description: 'What is wrong, for people.' }),
  }),
})

/** Reads ids out of an input, and notes what is wrong with them, so that all of it is said at once. */
export class IdReader {
  readonly userErrors: UserError[] = []

  /** The database's id; undefined, with a userError, when the text is not the id of an object of this type. */
  read(type: NodeType, field: string, text: string): string | undefined {
    const parsed = parseGlobalId(text)
    if (parsed?.typename === type) return parsed.id
    this.userErrors.push({ code: 'INVALID_INPUT', field: [field], message: `This is not the id of a ${type}.` })
    return undefined
  }

  /** Like `read`, where null and nothing mean themselves. */
  readOptional(type: NodeType, field: string, text: string | null | undefined): string | null | undefined {
    return typeof text === 'string' ? this.read(type, field, text) : text
  }

  /** Like `read`, of each; what is wrong is said once. Null and nothing mean themselves. */
  readList(type: NodeType, field: string, texts: readonly string[] | null | undefined): string[] | null | undefined {
    if (!texts) return texts
    const parsed = texts.map((text) => parseGlobalId(text))
    if (parsed.every((id) => id?.typename === type)) return parsed.flatMap((id) => id?.id ?? [])
    this.userErrors.push({ code: 'INVALID_INPUT', field: [field], message: `Not all of these are ids of a ${type}.` })
    return undefined
  }
}
