import { v7 as uuid } from 'uuid'
import { subjectOf } from '../src/domain/subject.ts'
import type { ReceivedPost } from '../src/ingest/item.ts'
import type { Store } from '../src/store/store.ts'

/*
 * The way Prisma's manual begins with: a nested create for every post, each in a transaction of its own with its event.
 */

/** One post, one transaction: ticket with requester, profile and comment, and its event. */
export async function createOne(store: Store, accountId: string, { post, author }: ReceivedPost): Promise<void> {
  const { prisma } = store
  await prisma.$transaction(async (db) => {
    const ticket = await db.ticket.create({
      data: {
        id: uuid(),
        subject: subjectOf(post.text),
        channel: 'X_CORP',
        account: { connect: { id: accountId } },
        threadKey: post.conversationId,
        sourcePostId: post.id,
        commentCount: 1,
        requester: {
          connectOrCreate: {
            where: { xProfileId: author.id },
            create: {
              id: uuid(),
              role: 'END_USER',
              name: author.name ?? '',
              xProfile: {
                connectOrCreate: {
                  where: { id: author.id },
                  create: {
                    id: author.id,
                    username: author.username ?? '',
                    name: author.name ?? '',
                    avatarUrl: author.avatarUrl,
                    followersCount: author.followersCount,
                    postsCount: author.postsCount,
                    verified: author.verified ?? false,
                    verifiedType: author.verifiedType,
                  },
                },
              },
            },
          },
        },
        comments: {
          create: {
            id: uuid(),
            direction: 'INBOUND',
            visibility: 'PUBLIC',
            channel: 'X_POST',
            body: post.text,
            externalId: post.id,
            postedAt: post.postedAt,
          },
        },
      },
      include: { comments: { select: { id: true } } },
    })
    const { head } = await db.eventLogHead.update({ where: { id: 1 }, data: { head: { increment: 1 } } })
    await db.event.create({
      data: {
        offset: head,
        type: 'ticket.created',
        actor: { kind: 'requester', id: ticket.requesterId },
        ticketId: ticket.id,
        accountId,
        data: {
          type: 'ticket.created',
          ticket: {
            id: ticket.id,
            number: ticket.number,
            status: ticket.status,
            priority: ticket.priority,
            channel: ticket.channel,
            accountId,
            requesterId: ticket.requesterId,
            assigneeId: null,
            groupId: null,
            tags: [],
          },
          commentId: ticket.comments[0]?.id ?? null,
        },
      },
    })
  })
}
