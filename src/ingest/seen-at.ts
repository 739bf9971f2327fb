import type { Item, Parsed } from './item.ts'

/*
 * When X showed what a payload says of people, by X's clock: profiles that come late do not overwrite newer ones. A page
 * shows them as they are when it is read; of an event only its own time is known, which is no later.
 */

/** The items of an answer that X gave then, as its Date header says. */
export function shownAt<Page extends Parsed>(page: Page, asOf: Date | undefined): Page {
  if (!asOf) return page
  const seenAt = asOf.toISOString()
  const items = page.items.map((item) => ('author' in item ? { ...item, author: { ...item.author, seenAt } } : item))
  return { ...page, items }
}

/** The time of an item that says nothing else. */
export function timeOfItem(item: Item): string | null {
  switch (item.kind) {
    case 'post':
      return item.post.editedAt ?? item.post.postedAt
    case 'like':
      return item.likedAt ?? item.post.editedAt ?? item.post.postedAt
    case 'message':
      return item.message.sentAt
    // What waits was seen before; the profile that is kept is newer.
    default:
      return null
  }
}
