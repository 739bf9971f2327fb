import type { UserError } from '../domain/errors.ts'
import type { Position } from '../domain/position.ts'
import { MOST_POSTS } from '../ingest/incoming-posts.ts'
import { builder } from './builder.ts'
import { incomingPostNamed } from './convert-input.ts'
import { IncomingPostRef } from './incoming-post.ts'
import { nowhere } from './nowhere.ts'
import { outcomeFields } from './outcome-fields.ts'
import { MAX_PAGE_SIZE } from './paging/page-args.ts'
import { viewerOf } from './viewer.ts'

const DismissIncomingPostsInput = builder.inputType('DismissIncomingPostsInput', {
  description: 'Incoming posts that nobody is to answer.',
  fields: (t) => ({
    ids: t.idList({ required: true, description: `Incoming posts, at most ${MOST_POSTS}.` }),
  }),
})

interface Payload {
  readonly postIds: readonly string[]
  readonly userErrors: readonly UserError[]
  readonly position: Position
}

const DismissIncomingPostsPayload = builder.objectRef<Payload>('DismissIncomingPostsPayload').implement({
  description: 'What became of a `dismissIncomingPosts`.',
  fields: (t) => ({
    incomingPosts: t.prismaField({
      type: [IncomingPostRef],
      description: 'The posts as they are now, in the order given. What no longer waited was left as it was.',
      resolve: async (query, { postIds }, _args, { prisma }) => {
        const found = await prisma.incomingPost.findMany({ ...query, where: { id: { in: [...postIds] } } })
        const byId = new Map(found.map((post) => [post.id, post]))
        return postIds.flatMap((id) => byId.get(id) ?? [])
      },
    }),
    ...outcomeFields(t),
  }),
})

builder.mutationField('dismissIncomingPosts', (t) =>
  t.field({
    type: DismissIncomingPostsPayload,
    authScopes: { admin: true },
    complexity: ({ input }) => ({ field: 10, multiplier: Math.min(MAX_PAGE_SIZE, input.ids.length) }),
    description: 'Takes posts out of those that wait. Converting one brings it back. For administrators.',
    args: { input: t.arg({ type: DismissIncomingPostsInput, required: true, description: 'Which posts.' }) },
    resolve: async (_root, { input }, context): Promise<Payload> => {
      const named = input.ids.map((id, at) => incomingPostNamed(id, ['ids', String(at)]))
      const postIds = named.flatMap((one) => ('post' in one ? [one.post.postId] : []))
      const userErrors = named.flatMap((one) => ('error' in one ? [one.error] : []))
      if (input.ids.length > MOST_POSTS) {
        const message = `At most ${MOST_POSTS} posts can be named; there are ${input.ids.length}.`
        userErrors.push({ code: 'INVALID_INPUT', field: ['ids'], message })
      }
      if (userErrors.length > 0) return { postIds: [], ...(await nowhere(context, userErrors)) }
      const done = await context.incomingPosts.dismiss(viewerOf(context).userId, postIds)
      const found = done.userErrors.map((error) => ({ ...error, field: ['ids', ...error.field] }))
      return { ...done, postIds: done.userErrors.length > 0 ? [] : postIds, userErrors: found }
    },
  }),
)
