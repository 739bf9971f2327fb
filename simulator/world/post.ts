import type { XPost, XUser } from './model.ts'

/** X's example payloads of August 2026 say an hour; docs.x.com "Edit Posts" says 30 minutes. */
const EDITABLE_MS = 60 * 60_000
const MAX_EDITS = 5

/** A post that says nothing yet, answers nothing and is in a conversation of its own. */
export const newPost = (id: string, author: XUser, createdAt: Date): XPost => ({
  id,
  authorId: author.id,
  createdAt,
  typed: '',
  text: '',
  longText: undefined,
  visibleFrom: 0,
  mentions: [],
  explicitMentionIds: new Set(),
  conversationId: id,
  inReplyTo: undefined,
  quoted: undefined,
  reposted: undefined,
  history: [id],
  editableUntil: new Date(createdAt.getTime() + EDITABLE_MS),
  likedBy: new Set(),
  replies: 0,
  quotes: 0,
  reposts: 0,
})

export const editsRemaining = ({ history }: XPost): number => MAX_EDITS + 1 - history.length

/** Whether a post is of a kind that can be edited: replies to others and reposts cannot (docs.x.com "Edit Posts"). */
export const isEditable = ({ authorId, inReplyTo, reposted }: XPost): boolean =>
  !reposted && (!inReplyTo || inReplyTo.userId === authorId)

/** Why X would not take an edit now; undefined when it would. */
export function whyUneditable(post: XPost, now: Date): string | undefined {
  if (!isEditable(post)) return 'replies to others and reposts cannot be edited'
  if (editsRemaining(post) === 0) return `a post is edited ${MAX_EDITS} times at most`
  return now > post.editableUntil ? 'a post is edited within its first hour' : undefined
}
