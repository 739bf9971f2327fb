import { randomUUID } from 'node:crypto'
import type { ReceivedPost, SeenProfile } from '../../src/ingest/item.ts'
import type { Store } from '../../src/store/store.ts'

/** The X user of `createAccount`. */
export const BRAND_ID = '100'

/** An account without credentials: for tests that bring the posts themselves. */
export async function createAccount(
  store: Store,
  change: {
    xUserId?: string
    screenName?: string
    captureMentions?: boolean
    manualConversion?: boolean
    captureDirectMessages?: boolean
    trackLikes?: boolean
  } = {},
): Promise<string> {
  const { xUserId = BRAND_ID, screenName = 'acme', ...settings } = change
  await store.prisma.xProfile.create({ data: { id: xUserId, username: screenName, name: screenName } })
  const { id } = await store.prisma.account.create({
    data: { id: randomUUID(), xUserId, screenName, name: screenName, ...settings, capturesFrom: new Date(0) },
  })
  return id
}

/** A post to the brand. Ids order in time; 2026 begins at about 2006000000000000000. */
export function received(
  id: string,
  change: {
    author?: string
    conversation?: string
    text?: string
    answers?: string
    mentions?: readonly string[]
  } = {},
): ReceivedPost {
  const { author = '900', conversation = id, text = `@acme post ${id}`, answers = null, mentions = [BRAND_ID] } = change
  return {
    kind: 'post',
    post: {
      id,
      versionId: id,
      authorId: author,
      conversationId: conversation,
      text,
      inReplyToPostId: answers === null ? null : conversation,
      inReplyToUserId: answers,
      mentionedUserIds: mentions,
      mentionedHandles: [],
      quotedUserId: null,
      repostOfId: null,
      postedAt: new Date(Date.UTC(2026, 0, 1) + Number(id)).toISOString(),
      editedAt: null,
    },
    author: profile(author),
  }
}

export function profile(id: string): SeenProfile {
  return {
    id,
    username: `user${id}`,
    name: `User ${id}`,
    avatarUrl: null,
    followersCount: Number(id),
    postsCount: 1,
    verified: false,
    verifiedType: null,
    protected: false,
  }
}
