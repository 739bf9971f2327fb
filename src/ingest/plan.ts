import { decideConversion, decideLike, decideMessage, decidePost } from '../domain/capture.ts'
import type { Decision, Facts, Thread } from '../domain/captured.ts'
import type { BatchFacts } from './facts.ts'
import { likeKey } from './facts-liked.ts'
import { inOrder } from './in-order.ts'
import type { Item } from './item.ts'
import type { Plan } from './planned.ts'
import { createPlanner } from './planner.ts'
import { threadKeyOf } from './threads.ts'

/*
 * A batch's decisions, taken one after the other in the order of time: what an earlier item opens, a later one in the
 * same batch finds.
 */

/** Decides about every item of a batch. An item that comes twice counts once. */
export function planBatch(items: readonly Item[], facts: BatchFacts): Plan {
  const planner = createPlanner(facts)
  for (const item of inOrder(items)) {
    const key = threadKeyOf(item, facts.accounts)
    const thread = key === undefined ? null : planner.thread(key.key)
    if (item.kind === 'follow') {
      planner.follow(item)
      continue
    }
    if (item.kind === 'like') planner.like(item)
    if (item.kind === 'deletion') {
      planner.remove(item)
      continue
    }
    const decision = decide(item, { ...facts, thread, planner, personId: key?.personId })
    planner.note(item, decision)
    const id = 'post' in item ? (item.post.repostOfId ?? item.post.id) : ''
    switch (decision.kind) {
      case 'OPEN_TICKET':
        // F24: what an open ticket of the account has no room for goes on in another; said once, on the full one.
        if (thread?.accountId === decision.accountId && thread.status !== 'CLOSED') planner.stopImport(thread.ticketId)
        if (key) planner.open(item, decision, key)
        break
      case 'COMMENT':
        if (key) planner.comment(item, decision, key)
        break
      case 'WAIT':
        if (decision.reason === 'TICKET_FULL' && thread) planner.stopImport(thread.ticketId)
        if ('post' in item) planner.wait(item.post, decision, thread)
        break
      case 'REVISE':
        if ('post' in item) planner.revise(item.post)
        break
      case 'MARK':
        planner.mark(id, decision.mark)
        break
      default:
    }
  }
  return planner.plan()
}

interface Beside extends BatchFacts {
  readonly thread: Thread | null
  readonly planner: ReturnType<typeof createPlanner>
  readonly personId: string | undefined
}

function decide(item: Exclude<Item, { kind: 'deletion' | 'follow' }>, beside: Beside): Decision {
  const { accounts, deleted, liked, suspended, thread, planner, personId = '' } = beside
  if (item.kind === 'message') {
    const known = planner.knowsMessage(item.message)
      ? ({ place: 'TICKET', versionId: item.message.id, deleted: false } as const)
      : null
    return decideMessage(item.message, { accounts, known, thread, suspended: suspended.has(personId) })
  }
  const { post } = item
  const facts: Facts = {
    accounts,
    known: planner.post(post.repostOfId ?? post.id),
    thread,
    // X names any version of what is deleted.
    deleted: deleted.has(post.id) || deleted.has(post.versionId),
    suspended: suspended.has(post.authorId),
  }
  if (item.kind === 'like') return decideLike(item, { ...facts, likedBefore: liked.has(likeKey(item)) })
  return item.kind === 'conversion' ? decideConversion(post, item.accountId, facts) : decidePost(post, facts)
}
