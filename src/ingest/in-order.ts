import { compareIds } from '../domain/x-id.ts'
import type { Item } from './item.ts'

/** In the order of time; what is said about a post comes after the posts. */
export function inOrder(items: readonly Item[]): Item[] {
  return [...items].sort((a, b) => RANK[a.kind] - RANK[b.kind] || compare(a, b))
}

/** A like, a conversion or a deletion may be about any post of the batch. */
const RANK: Readonly<Record<Item['kind'], number>> = {
  post: 0,
  message: 1,
  like: 2,
  conversion: 3,
  deletion: 4,
  follow: 5,
}

function compare(a: Item, b: Item): number {
  if (a.kind === 'message' && b.kind === 'message') {
    return (
      Date.parse(a.message.sentAt) - Date.parse(b.message.sentAt) ||
      // XChat's ids are random.
      compareIds(a.message.eventId ?? a.message.id, b.message.eventId ?? b.message.id)
    )
  }
  // X's ids of posts are in the order of time.
  return compareIds(versionOf(a), versionOf(b))
}

const versionOf = (item: Item): string =>
  'post' in item ? item.post.versionId : item.kind === 'deletion' ? item.postId : '0'
