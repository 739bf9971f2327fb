import { createBatch } from './batch.ts'
import { builder } from './builder.ts'
import { CommentRef } from './comment.ts'
import type { Context } from './context.ts'

/* Whether the account follows a comment's author (F77). Asked for all comments of an operation at once. */

interface Pair {
  readonly accountId: string
  readonly xUserId: string
}

const batches = new WeakMap<Context, (pair: Pair) => Promise<boolean>>()

function follows(context: Context): (pair: Pair) => Promise<boolean> {
  const made =
    batches.get(context) ??
    createBatch(async (pairs: readonly Pair[]) => {
      const rows = await context.prisma.xFollow.findMany({
        where: {
          following: true,
          accountId: { in: [...new Set(pairs.map(({ accountId }) => accountId))] },
          xUserId: { in: [...new Set(pairs.map(({ xUserId }) => xUserId))] },
        },
        select: { accountId: true, xUserId: true },
      })
      const known = new Set(rows.map(({ accountId, xUserId }) => `${accountId}/${xUserId}`))
      return pairs.map(({ accountId, xUserId }) => known.has(`${accountId}/${xUserId}`))
    })
  batches.set(context, made)
  return made
}

builder.prismaObjectFields(CommentRef, (t) => ({
  userFollowed: t.boolean({
    authScopes: { staff: true },
    description:
      'Whether the account follows its author on X, as far as X has shown it. For agents and administrators.',
    select: { author: { select: { xProfileId: true } }, ticket: { select: { accountId: true } } },
    resolve: ({ author, ticket }, _args, context) =>
      author?.xProfileId ? follows(context)({ accountId: ticket.accountId, xUserId: author.xProfileId }) : false,
  }),
}))
