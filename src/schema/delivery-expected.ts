import { createBatch } from './batch.ts'
import { builder } from './builder.ts'
import type { Context } from './context.ts'
import { DeliveryRef } from './delivery.ts'

/* When answers that wait are expected to be sent. Asked for all of an operation at once: they stand in the same queues. */

const batches = new WeakMap<Context, (commentId: string) => Promise<Date | null>>()

function expected(context: Context): (commentId: string) => Promise<Date | null> {
  const made =
    batches.get(context) ??
    createBatch(async (commentIds: readonly string[]) => {
      const moments = await context.replies.expected(commentIds)
      return commentIds.map((id) => moments.get(id) ?? null)
    })
  batches.set(context, made)
  return made
}

builder.prismaObjectFields(DeliveryRef, (t) => ({
  expectedAt: t.field({
    type: 'DateTime',
    nullable: true,
    complexity: 5,
    select: { commentId: true, state: true },
    description:
      'While it is QUEUED: when it is expected to be sent, by what goes before it and X’s limits. An estimate, for this moment.',
    resolve: ({ commentId, state }, _args, context) => (state === 'QUEUED' ? expected(context)(commentId) : null),
  }),
}))
