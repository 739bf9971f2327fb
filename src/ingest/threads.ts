import type { CaptureAccount, DirectMessage, Post } from '../domain/captured.ts'
import type { Item } from './item.ts'

/* Which thread an item belongs to: of a public post, its conversation and a person; of messages, an account and a person. */

export interface ThreadKey {
  readonly key: string
  /** The X user who is the requester. */
  readonly personId: string
}

/** The key of one author's thread in one conversation. */
export const postThread = (conversationId: string, personId: string): string => `${conversationId}/${personId}`
/** The key of one person's messages with one account. */
export const messageThread = (accountId: string, personId: string): string => `dm/${accountId}/${personId}`

export function postOf(item: Item): Post | undefined {
  return 'post' in item ? item.post : undefined
}

export function messageOf(item: Item): DirectMessage | undefined {
  return item.kind === 'message' ? item.message : undefined
}

/** Undefined where there is none: a deletion, a follow, a message in a group or of an account that is not ours. */
export function threadKeyOf(item: Item, accounts: readonly CaptureAccount[]): ThreadKey | undefined {
  if (item.kind === 'message') {
    const { participantId, accountXUserId } = item.message
    const account = accounts.find(({ xUserId }) => xUserId === accountXUserId)
    return account && participantId
      ? { key: messageThread(account.id, participantId), personId: participantId }
      : undefined
  }
  const post = postOf(item)
  if (!post) return undefined
  // Our own posts belong to the thread of the person answered.
  const own = accounts.some((account) => account.xUserId === post.authorId)
  const personId = own && post.inReplyToUserId ? post.inReplyToUserId : post.authorId
  return { key: postThread(post.conversationId, personId), personId }
}

/** Ids of posts that may be known, and which of them may be changed by what the items say. */
export interface Mentioned {
  readonly ids: readonly string[]
  /** Deletions name any version; edits, likes and reposts the first one, or what X has of it. */
  readonly versions: readonly string[]
  /** Of these, those that an item may change. */
  readonly changing: ReadonlySet<string>
}

export function mentionedIn(items: readonly Item[]): Mentioned {
  const ids = new Set<string>()
  const versions = new Set<string>()
  const changing = new Set<string>()
  for (const item of items) {
    if (item.kind === 'deletion') {
      versions.add(item.postId)
      changing.add(item.postId)
    }
    const post = postOf(item)
    if (!post) continue
    ids.add(post.id)
    ids.add(post.versionId)
    if (post.repostOfId !== null) {
      versions.add(post.repostOfId)
      changing.add(post.repostOfId)
    }
    if (post.versionId !== post.id || item.kind !== 'post') changing.add(post.id)
  }
  return { ids: [...new Set([...ids, ...versions])], versions: [...versions], changing }
}
