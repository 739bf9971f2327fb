import type { Decision, Post, WaitReason } from '../domain/captured.ts'
import type { TicketChannel, TicketStatus } from '../domain/event.ts'
import type { IncomingState, KnownPost } from './facts-known.ts'
import type { Item, ReceivedDeletion, ReceivedFollow, ReceivedLike, SeenProfile } from './item.ts'

/* What a batch will write. What is not readonly may still be changed by a later item of the same batch. */

export interface PlannedTicket {
  readonly id: string
  subject: string
  readonly channel: TicketChannel
  readonly accountId: string
  /** The requester: X's id. */
  readonly personId: string
  readonly threadKey: string
  readonly postId: string | null
  readonly followUpOf: string | null
}

/** What a comment said before an edit. */
export interface PlannedVersion {
  readonly versionId: string
  readonly body: string
  readonly postedAt: string
}

export interface PlannedComment {
  readonly id: string
  readonly ticketId: string
  /** X's id; null for what our account, or nobody, said. */
  readonly personId: string | null
  readonly direction: 'INBOUND' | 'OUTBOUND'
  readonly visibility: 'PUBLIC' | 'PRIVATE'
  readonly channel: 'X_POST' | 'X_DM' | 'X_CHAT' | 'API'
  body: string
  readonly externalId: string | null
  versionId: string | null
  readonly postedAt: string
  editedAt: string | null
  deletedAt: string | null
  /** Of a post: X's id of whose post it quotes. */
  readonly quotedUserId: string | null
  favorited: boolean
  retweeted: boolean
  /** Of this batch, older than the newest. */
  versions: PlannedVersion[]
  /** Whether it came with the ticket. */
  readonly opens: boolean
  /** The ticket's status before and after. */
  readonly before: TicketStatus
  readonly after: TicketStatus
  /** Who converted it; null: it came by itself. */
  readonly userId: string | null
}

/** A post that goes among the incoming ones. */
export interface PlannedWait {
  readonly accountId: string
  readonly reason: WaitReason
  post: Post
  deleted: boolean
  /** The ticket that it became in the same batch. */
  ticketId: string | null
  /** The full ticket that our own account said it on; null: somebody else said it. */
  readonly answerOn: string | null
}

/** Changes of a comment that was there before. */
export interface CommentChange {
  readonly known: KnownPost
  readonly changed: Set<string>
  revision: Post | null
  /** Of this batch, older than `revision`. */
  readonly versions: PlannedVersion[]
  deletedAt: string | null
  favorited: boolean
  retweeted: boolean
}

/** Changes of a post that was among the incoming ones before. */
export interface IncomingChange {
  readonly postId: string
  readonly accountId: string
  /** Its state before. */
  readonly state: IncomingState
  revision: Post | null
  deleted: boolean
  /** The ticket that it became. */
  ticketId: string | null
}

/** What became of one item. */
export interface Outcome {
  readonly decision: Decision
  /** The ticket that the item is on, if it is on one. */
  readonly ticketId: string | null
}

export interface Plan {
  readonly redact: boolean
  readonly tickets: readonly PlannedTicket[]
  readonly comments: readonly PlannedComment[]
  readonly waits: readonly PlannedWait[]
  readonly commentChanges: readonly CommentChange[]
  readonly incomingChanges: readonly IncomingChange[]
  /** F24: tickets that take nothing more from X. */
  readonly stopped: ReadonlySet<string>
  /** Posts that are deleted and that we do not have. */
  readonly removed: readonly ReceivedDeletion[]
  readonly likes: readonly ReceivedLike[]
  readonly follows: readonly ReceivedFollow[]
  readonly people: ReadonlyMap<string, SeenProfile>
  readonly outcomes: ReadonlyMap<Item, Outcome>
}
