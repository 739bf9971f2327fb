/* Names of the rows of `source_cursor` that say how far an account's XChat was read. */

const PREFIX = 'xchat:'

/** Of one conversation (`A-B`): the newest event that is kept. */
export const xchatCursor = (conversationId: string): string => `${PREFIX}${conversationId}`

/** What they all begin with, and the one of no conversation: where reading begins, when capturing was switched on later. */
export const XCHAT_CURSORS = PREFIX
