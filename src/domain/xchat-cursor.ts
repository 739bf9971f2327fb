/* Names of the rows of `source_cursor` that say how far an account's XChat was read. */

const PREFIX = 'xchat:'

/** Of one conversation (`A-B`): the newest event that is kept. */
export const xchatCursor = (conversationId: string): string => `${PREFIX}${conversationId}`

/**
 * What they all begin with, and the one of no conversation: where reading begins, when capturing was switched on later,
 * and when the last complete round began.
 */
export const XCHAT_CURSORS = PREFIX

/** When X last told of news, of whichever conversation. */
export const XCHAT_HEARD = 'heard:xchat'
