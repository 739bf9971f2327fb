import { v7 as uuid } from 'uuid'
import { type Decision, decideCapture, type Post, subjectOf } from '../domain/capture.ts'
import type { TicketStatus } from '../domain/event.ts'
import { compareIds } from '../domain/x-id.ts'
import { type BatchFacts, type ThreadTicket, threadOf, threadOwner } from './facts.ts'
import type { ReceivedPost } from './parse.ts'

/*
 * A batch's decisions, taken one after the other in the order of the posts: what an earlier post
 * opens, a later one in the same batch finds.
 */

export interface PlannedTicket {
  readonly id: string
  readonly subject: string
  readonly accountId: string
  readonly authorId: string
  readonly conversationId: string
  readonly postId: string
  readonly followUpOf: string | null
}

export interface PlannedComment {
  readonly id: string
  readonly ticketId: string
  /** Null for a post of our own account. */
  readonly authorId: string | null
  readonly direction: 'INBOUND' | 'OUTBOUND'
  readonly post: Post
  /** Whether it came with the ticket. */
  readonly opens: boolean
  /** The ticket's status before and after. */
  readonly before: TicketStatus
  readonly after: TicketStatus
}

export interface PlannedWait {
  readonly accountId: string
  readonly reason: string
  readonly post: Post
}

export interface Plan {
  readonly tickets: readonly PlannedTicket[]
  readonly comments: readonly PlannedComment[]
  readonly waits: readonly PlannedWait[]
  readonly decisions: ReadonlyMap<string, Decision>
}

interface Running {
  readonly ticketId: string
  readonly accountId: string
  status: TicketStatus
  commentCount: number
}

/** Decides about every post of a batch. Posts with the same id count once. */
export function planBatch(received: readonly ReceivedPost[], facts: BatchFacts): Plan {
  const threads = new Map<string, Running>()
  for (const [key, { ticketId, accountId, status, commentCount }] of facts.threads as Map<string, ThreadTicket>) {
    threads.set(key, { ticketId, accountId, status, commentCount })
  }
  const tickets: PlannedTicket[] = []
  const comments: PlannedComment[] = []
  const waits: PlannedWait[] = []
  const decisions = new Map<string, Decision>()

  for (const { post } of inOrder(received)) {
    if (decisions.has(post.id)) continue
    const key = threadOf(post.conversationId, threadOwner(post, facts.accounts))
    const thread = threads.get(key) ?? null
    const decision = decideCapture(post, { accounts: facts.accounts, known: facts.known.has(post.id), thread })
    decisions.set(post.id, decision)
    if (decision.kind === 'WAIT') waits.push({ accountId: decision.accountId, reason: decision.reason, post })
    if (decision.kind === 'OPEN_TICKET') {
      const id = uuid()
      tickets.push({
        id,
        subject: subjectOf(post.text),
        accountId: decision.accountId,
        authorId: post.authorId,
        conversationId: post.conversationId,
        postId: post.id,
        followUpOf: decision.followUpOf,
      })
      comments.push({
        id: uuid(),
        ticketId: id,
        authorId: post.authorId,
        direction: 'INBOUND',
        post,
        opens: true,
        before: 'NEW',
        after: 'NEW',
      })
      threads.set(key, { ticketId: id, accountId: decision.accountId, status: 'NEW', commentCount: 1 })
    }
    if (decision.kind === 'COMMENT' && thread) {
      comments.push({
        id: uuid(),
        ticketId: decision.ticketId,
        authorId: decision.direction === 'INBOUND' ? post.authorId : null,
        direction: decision.direction,
        post,
        opens: false,
        before: thread.status,
        after: decision.status,
      })
      thread.status = decision.status
      thread.commentCount++
    }
  }
  return { tickets, comments, waits, decisions }
}

/** By post id, which is X's order of time. */
function inOrder(received: readonly ReceivedPost[]): ReceivedPost[] {
  return [...received].sort((a, b) => compareIds(a.post.id, b.post.id))
}
