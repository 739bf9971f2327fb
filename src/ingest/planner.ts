import { v7 as uuid } from 'uuid'
import type { Decision, DirectMessage, Known, Post, Thread } from '../domain/captured.ts'
import type { TicketStatus } from '../domain/event.ts'
import { subjectOf } from '../domain/subject.ts'
import type { BatchFacts } from './facts.ts'
import type { KnownPost } from './facts-known.ts'
import type { Item, ReceivedDeletion, ReceivedFollow, ReceivedLike, SeenProfile } from './item.ts'
import type {
  CommentChange,
  IncomingChange,
  Outcome,
  Plan,
  PlannedComment,
  PlannedTicket,
  PlannedVersion,
  PlannedWait,
} from './planned.ts'
import { commentsOf, noteOfFull, removeNew } from './planned-comments.ts'
import { timeOfItem } from './seen-at.ts'
import { messageOf, postOf, type ThreadKey } from './threads.ts'

/* Writes down what a batch is to do, and shows each item what those before it have done. */

interface Running extends Thread {
  status: TicketStatus
  commentCount: number
}

/** A post that this batch took in. */
interface Fresh {
  comment?: PlannedComment
  ticket?: PlannedTicket
  wait?: PlannedWait
  versionId: string
  deleted: boolean
}

type Deciding<Kind extends Decision['kind']> = Extract<Decision, { kind: Kind }>

export function createPlanner(facts: BatchFacts) {
  const threads = new Map<string, Running>()
  /** Tickets that have said before that they take nothing more. */
  const silent = new Set<string>()
  const statusOf = new Map<string, TicketStatus>()
  /** Threads of one ticket, as after a merge, run together. */
  const running = new Map<string, Running>()
  for (const [key, { ticketId, accountId, status, commentCount, importStopped }] of facts.threads) {
    const thread = running.get(ticketId) ?? { ticketId, accountId, status, commentCount }
    running.set(ticketId, thread)
    threads.set(key, thread)
    statusOf.set(ticketId, status)
    if (importStopped) silent.add(ticketId)
  }
  const tickets: PlannedTicket[] = []
  const comments: PlannedComment[] = []
  const waits: PlannedWait[] = []
  const stopped = new Set<string>()
  const removed = new Map<string, ReceivedDeletion>()
  const likes: ReceivedLike[] = []
  const follows: ReceivedFollow[] = []
  const people = new Map<string, SeenProfile>()
  const outcomes = new Map<Item, Outcome>()
  const fresh = new Map<string, Fresh>()
  const messages = new Set<string>()
  const commentChanges = new Map<string, CommentChange>()
  const incomingChanges = new Map<string, IncomingChange>()

  function changeOf(known: KnownPost): CommentChange {
    const { favorited = false, retweeted = false } = known.comment ?? {}
    const nothing = {
      known,
      changed: new Set<string>(),
      revision: null,
      versions: [],
      deletedAt: null,
      favorited,
      retweeted,
    }
    const change = commentChanges.get(known.id) ?? nothing
    commentChanges.set(known.id, change)
    return change
  }

  function incomingChangeOf({ id, incoming }: KnownPost): IncomingChange {
    const { accountId, state } = incoming ?? { accountId: '', state: 'WAITING' }
    const nothing = { postId: id, accountId, state, revision: null, deleted: false, ticketId: null }
    const change = incomingChanges.get(id) ?? nothing
    incomingChanges.set(id, change)
    return change
  }

  /** Under all its names: a deletion may say any. */
  function remember({ id, versionId }: Post, post: Fresh): void {
    fresh.set(id, post).set(versionId, post)
  }

  /** The item is said on the ticket. */
  function say(item: Item, thread: Running, { direction, after, ticket }: Saying): void {
    const opens = ticket !== undefined
    const before = opens ? after : thread.status
    const made = commentsOf(item, { ticketId: thread.ticketId, direction, before, after, opens })
    comments.push(...made)
    thread.status = after
    thread.commentCount += made.length
    statusOf.set(thread.ticketId, after)
    const outcome = outcomes.get(item)
    if (outcome) outcomes.set(item, { ...outcome, ticketId: thread.ticketId })
    const message = messageOf(item)
    if (message) messages.add(`${message.channel}/${message.id}`)
    const [comment] = made
    const post = postOf(item)
    if (!post || !comment) return
    const wait = fresh.get(post.id)?.wait
    if (wait) wait.ticketId = thread.ticketId
    remember(post, { comment, ...(ticket && { ticket }), versionId: post.versionId, deleted: false })
    const known = facts.posts.get(post.id)
    if (known && !known.comment) incomingChangeOf(known).ticketId = thread.ticketId
  }

  return {
    thread: (key: string): Thread | null => threads.get(key) ?? null,

    post(id: string): Known | null {
      const mine = fresh.get(id)
      if (mine) {
        const { comment, wait, versionId, deleted } = mine
        return comment || !wait
          ? { place: 'TICKET', versionId, deleted }
          : { place: 'INCOMING', versionId, deleted, waitsFor: wait.reason }
      }
      const known = facts.posts.get(id)
      if (!known) return null
      const revision = commentChanges.get(known.id)?.revision ?? incomingChanges.get(known.id)?.revision
      const { place, deleted, waitsFor } = known
      return { place, versionId: revision?.versionId ?? known.versionId, deleted, ...(waitsFor && { waitsFor }) }
    },

    knowsMessage: ({ channel, id }: DirectMessage): boolean =>
      messages.has(`${channel}/${id}`) || facts.messages.has(`${channel}/${id}`),

    /** What was decided about it; and whoever is concerned is kept current. */
    note(item: Item, decision: Decision): void {
      const post = postOf(item)
      const comment = post && (fresh.get(post.id)?.comment ?? facts.posts.get(post.id)?.comment)
      outcomes.set(item, { decision, ticketId: comment?.ticketId ?? null })
      if (decision.kind === 'REFUSE' || !('author' in item)) return
      if (decision.kind === 'IGNORE' && decision.reason !== 'ALREADY_CAPTURED') return
      // Our accounts are nobody's requesters; but what waits has an author.
      if (decision.kind !== 'WAIT' && facts.accounts.some(({ xUserId }) => xUserId === item.author.id)) return
      const seenAt = item.author.seenAt ?? timeOfItem(item)
      const before = people.get(item.author.id)
      // The same person may come from one page by id alone and from another in full, and later from an older one.
      const better = !before || before.name === null || (item.author.name !== null && !isLater(before.seenAt, seenAt))
      if (better) people.set(item.author.id, { ...item.author, ...(seenAt !== null && { seenAt }) })
    },

    open(item: Item, { channel, accountId, followUpOf }: Deciding<'OPEN_TICKET'>, key: ThreadKey): void {
      const post = postOf(item)
      const ticket: PlannedTicket = {
        id: uuid(),
        subject: subjectOf(post?.text ?? messageOf(item)?.text ?? ''),
        channel,
        accountId,
        personId: key.personId,
        threadKey: post?.conversationId ?? key.personId,
        postId: post?.id ?? null,
        followUpOf,
      }
      tickets.push(ticket)
      const thread: Running = { ticketId: ticket.id, accountId, status: 'NEW', commentCount: 0 }
      threads.set(key.key, thread)
      say(item, thread, { direction: 'INBOUND', after: 'NEW', ticket })
    },

    comment(item: Item, { direction, status }: Deciding<'COMMENT'>, { key }: ThreadKey): void {
      const thread = threads.get(key)
      if (thread) say(item, thread, { direction, after: status })
    },

    wait(post: Post, { accountId, reason }: Deciding<'WAIT'>, thread: Thread | null): void {
      const own = facts.accounts.some(({ xUserId }) => xUserId === post.authorId)
      const answerOn = own ? (thread?.ticketId ?? null) : null
      const wait = { accountId, reason, post, deleted: false, ticketId: null, answerOn }
      waits.push(wait)
      remember(post, { wait, versionId: post.versionId, deleted: false })
    },

    /** The newer version's text takes the place of the older. */
    revise(post: Post): void {
      const mine = fresh.get(post.id)
      const known = facts.posts.get(post.id)
      if (mine) {
        mine.versionId = post.versionId
        remember(post, mine)
        if (mine.wait) mine.wait.post = post
        if (!mine.comment) return
        const { versionId, externalId, body, editedAt, postedAt } = mine.comment
        mine.comment.versions.push({
          versionId: versionId ?? externalId ?? post.id,
          body,
          postedAt: editedAt ?? postedAt,
        })
        mine.comment.body = post.text
        mine.comment.versionId = post.versionId
        mine.comment.editedAt = post.editedAt
      } else if (known?.comment) {
        const change = changeOf(known)
        const { revision } = change
        if (revision) change.versions.push(versionOf(revision))
        change.revision = post
        change.changed.add('body').add('editedAt')
      } else if (known) incomingChangeOf(known).revision = post
    },

    mark(id: string, mark: 'favorited' | 'retweeted'): void {
      const mine = fresh.get(id)?.comment
      const known = facts.posts.get(id)
      if (mine) mine[mark] = true
      else if (known?.comment && !known.comment[mark]) {
        const change = changeOf(known)
        change[mark] = true
        change.changed.add(mark)
      }
    },

    remove(deletion: ReceivedDeletion): void {
      const { postId, at } = deletion
      const mine = fresh.get(postId)
      const known = facts.posts.get(postId)
      if (mine) {
        mine.deleted = true
        if (mine.wait) mine.wait.deleted = true
        if (mine.comment) removeNew(mine.comment, mine.ticket, at, facts.redact)
      } else if (!known) removed.set(postId, deletion)
      else if (known.deleted) return
      else if (known.comment) {
        const change = changeOf(known)
        change.deletedAt = at
        change.changed.add('deletedAt')
        if (facts.redact) change.changed.add('body')
      } else incomingChangeOf(known).deleted = true
    },

    like(like: ReceivedLike): void {
      likes.push(like)
    },

    follow(follow: ReceivedFollow): void {
      follows.push(follow)
    },

    /** Says so once on the ticket, for agents to see (F24). */
    stopImport(ticketId: string): void {
      if (silent.has(ticketId)) return
      silent.add(ticketId)
      stopped.add(ticketId)
      comments.push(noteOfFull(ticketId, statusOf.get(ticketId) ?? 'OPEN'))
    },

    plan: (): Plan => ({
      redact: facts.redact,
      tickets,
      comments,
      waits,
      commentChanges: [...commentChanges.values()].filter(({ changed }) => changed.size > 0),
      incomingChanges: [...incomingChanges.values()],
      stopped,
      removed: [...removed.values()],
      likes,
      follows: [...follows, ...followsOf(people.values())],
      people,
      outcomes,
    }),
  }
}

const isLater = (at: string | undefined, than: string | null): boolean =>
  at !== undefined && (than === null || Date.parse(at) > Date.parse(than))

/** What X shows of it beside the people of the batch. */
const followsOf = (people: Iterable<SeenProfile>): ReceivedFollow[] =>
  [...people].flatMap(({ id, follow }) => (follow ? [{ kind: 'follow', personId: id, ...follow } as const] : []))

const versionOf = ({ versionId, text, editedAt, postedAt }: Post): PlannedVersion => ({
  versionId,
  body: text,
  postedAt: editedAt ?? postedAt,
})

interface Saying {
  readonly direction: 'INBOUND' | 'OUTBOUND'
  readonly after: TicketStatus
  /** When it opens one. */
  readonly ticket?: PlannedTicket
}
