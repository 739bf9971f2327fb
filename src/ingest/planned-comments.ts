import { v7 as uuid } from 'uuid'
import { MAX_COMMENTS } from '../domain/capture.ts'
import type { DirectMessage, Post } from '../domain/captured.ts'
import type { TicketStatus } from '../domain/event.ts'
import type { Item } from './item.ts'
import type { PlannedComment, PlannedTicket } from './planned.ts'
import { messageOf, postOf } from './threads.ts'

/* The comments that an item becomes. */

/** Where it is said, and how. */
export interface Place {
  readonly ticketId: string
  readonly direction: 'INBOUND' | 'OUTBOUND'
  readonly before: TicketStatus
  readonly after: TicketStatus
  readonly opens: boolean
}

const PLAIN = {
  visibility: 'PUBLIC',
  externalId: null,
  versionId: null,
  editedAt: null,
  deletedAt: null,
  quotedUserId: null,
  favorited: false,
  retweeted: false,
  userId: null,
} as const

/** The item's comment first; a note when it came with more than text (F42). */
export function commentsOf(item: Item, place: Place): PlannedComment[] {
  const post = postOf(item)
  if (post) return [commentOfPost(item, post, place)]
  const message = messageOf(item)
  return message ? commentsOfMessage(message, place) : []
}

function commentOfPost(item: Item, post: Post, place: Place): PlannedComment {
  return {
    ...PLAIN,
    ...place,
    versions: [],
    id: uuid(),
    personId: place.direction === 'INBOUND' ? post.authorId : null,
    channel: 'X_POST',
    body: post.text,
    externalId: post.id,
    versionId: post.versionId === post.id ? null : post.versionId,
    postedAt: post.postedAt,
    editedAt: post.editedAt,
    quotedUserId: post.quotedUserId,
    favorited: item.kind === 'like',
    userId: item.kind === 'conversion' ? item.userId : null,
  }
}

function commentsOfMessage(message: DirectMessage, place: Place): PlannedComment[] {
  const { text, attachments, channel, id: externalId, sentAt: postedAt } = message
  const spoken: PlannedComment = {
    ...PLAIN,
    ...place,
    versions: [],
    id: uuid(),
    personId: place.direction === 'INBOUND' ? message.senderId : null,
    channel,
    body: text === '' ? 'Message without text' : text,
    externalId,
    postedAt,
  }
  if (attachments.length === 0) return [spoken]
  const kinds = [...new Set(attachments)].sort().join(', ')
  const body = `The message came with what is not shown here: ${kinds}.`
  return [spoken, noteOn(place.ticketId, body, place.after, postedAt)]
}

const FULL = `This ticket has ${MAX_COMMENTS.toLocaleString('en')} comments and takes nothing more from X. Further posts wait among the incoming posts; further messages go on in a follow-up ticket.`

/** Says on a ticket that it is full (F24). */
export const noteOfFull = (ticketId: string, status: TicketStatus): PlannedComment =>
  noteOn(ticketId, FULL, status, new Date().toISOString())

/** Private, by nobody. */
function noteOn(ticketId: string, body: string, status: TicketStatus, postedAt: string): PlannedComment {
  const place = { ticketId, direction: 'OUTBOUND', before: status, after: status, opens: false } as const
  return {
    ...PLAIN,
    ...place,
    versions: [],
    id: uuid(),
    personId: null,
    visibility: 'PRIVATE',
    channel: 'API',
    body,
    postedAt,
  }
}

/** What a ticket is called whose post is gone. */
export const DELETED_SUBJECT = 'Deleted post'

/** Its author has deleted it before it was written down. */
export function removeNew(
  comment: PlannedComment,
  ticket: PlannedTicket | undefined,
  at: string,
  redact: boolean,
): void {
  comment.deletedAt = at
  if (!redact) return
  comment.versions = []
  comment.body = ''
  if (ticket) ticket.subject = DELETED_SUBJECT
}
