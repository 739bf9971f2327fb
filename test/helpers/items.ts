import type { ReceivedDeletion, ReceivedLike, ReceivedMessage, ReceivedPost } from '../../src/ingest/item.ts'
import type { Store } from '../../src/store/store.ts'
import { BRAND_ID, profile, received } from './posts.ts'

/** A later version of a post. */
export function edited(post: ReceivedPost, versionId: string, text: string): ReceivedPost {
  const editedAt = new Date(Date.UTC(2026, 0, 1) + Number(versionId)).toISOString()
  return { ...post, post: { ...post.post, versionId, text, editedAt } }
}

/** The brand likes a post. */
export function liked({ post, author }: ReceivedPost, likerId = BRAND_ID): ReceivedLike {
  return { kind: 'like', likerId, post, author, likedAt: null, history: false }
}

export function deleted(postId: string): ReceivedDeletion {
  return { kind: 'deletion', postId, at: '2026-01-02T00:00:00.000Z' }
}

/** The brand, or somebody, repeats a post. */
export function reposted(id: string, postId: string, author = BRAND_ID): ReceivedPost {
  const repost = received(id, { author, mentions: [], text: 'RT' })
  return { ...repost, post: { ...repost.post, repostOfId: postId } }
}

/** A direct message to the brand. */
export function message(
  id: string,
  change: Partial<ReceivedMessage['message']> & { readonly from?: string } = {},
): ReceivedMessage {
  const { from = '900', ...rest } = change
  const participantId = from === BRAND_ID ? '900' : from
  return {
    kind: 'message',
    message: {
      id,
      channel: 'X_DM',
      accountXUserId: BRAND_ID,
      senderId: from,
      participantId,
      text: `message ${id}`,
      attachments: [],
      sentAt: new Date(Date.UTC(2026, 0, 1) + Number(id)).toISOString(),
      ...rest,
    },
    author: profile(participantId),
  }
}

/** What the database says of tickets, comments and incoming posts, without what every run makes anew. */
export async function contents({ prisma }: Pick<Store, 'prisma'>): Promise<unknown> {
  const tickets = await prisma.ticket.findMany({
    include: {
      requester: { select: { xProfileId: true } },
      followUpOf: { select: { sourcePostId: true, threadKey: true } },
      comments: { include: { author: { select: { xProfileId: true } }, versions: true } },
    },
  })
  const incoming = await prisma.incomingPost.findMany({ include: { ticket: true }, orderBy: { id: 'asc' } })
  const order = (a: object, b: object) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)
  return {
    tickets: tickets
      .map(
        ({ subject, status, channel, threadKey, requester, followUpOf, commentCount, comments, importStoppedAt }) => ({
          subject,
          status,
          channel,
          thread: `${threadKey}/${requester.xProfileId}`,
          followUpOf,
          commentCount,
          full: importStoppedAt !== null,
          comments: comments
            .map((comment) => ({
              said: `${comment.channel}/${comment.externalId}/${comment.versionId}`,
              by: comment.author?.xProfileId,
              direction: comment.direction,
              visibility: comment.visibility,
              body: comment.body,
              marks: [comment.favorited, comment.retweeted, comment.deletedAt !== null, comment.editedAt],
              versions: comment.versions.map(({ versionId, body }) => `${versionId} ${body}`).sort(),
            }))
            .sort(order),
        }),
      )
      .sort(order),
    incoming: incoming.map(({ id, versionId, text, state, reason, ticket }) => ({
      id,
      versionId,
      text,
      state,
      reason,
      ticket: ticket?.threadKey,
    })),
    deleted: (await prisma.deletedPost.findMany({ orderBy: { id: 'asc' } })).map(({ id }) => id),
  }
}
