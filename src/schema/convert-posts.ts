import type { GraphQLResolveInfo } from 'graphql'
import type { UserError } from '../domain/errors.ts'
import type { Position } from '../domain/position.ts'
import { visibleTickets } from '../domain/visibility.ts'
import type { IncomingPost, Ticket } from '../generated/prisma/client.ts'
import { MOST_POSTS } from '../ingest/incoming-posts.ts'
import { builder } from './builder.ts'
import { prefetchComments } from './comment-pages.ts'
import type { Context } from './context.ts'
import { ConversionOutcomeEnum, convert, type NamedConversion } from './convert-deed.ts'
import { incomingPostNamed, PostOnXInput, postOnXNamed } from './convert-input.ts'
import { IncomingPostRef } from './incoming-post.ts'
import { nowhere } from './nowhere.ts'
import { outcomeFields } from './outcome-fields.ts'
import { MAX_PAGE_SIZE } from './paging/page-args.ts'
import { fieldsAt, selectionFor } from './selection.ts'
import { TicketRef } from './ticket.ts'
import { UserErrorRef } from './user-error.ts'
import { viewerOf } from './viewer.ts'

const ConvertPostsInput = builder.inputType('ConvertPostsInput', {
  description: `Posts to make tickets of, at most ${MOST_POSTS} in sum.`,
  fields: (t) => ({
    ids: t.idList({ description: 'Incoming posts.' }),
    posts: t.field({
      type: [PostOnXInput],
      description: 'Any posts, by X’s ids. What did not come in is fetched from X.',
    }),
  }),
})

type ConvertPostsShape = typeof ConvertPostsInput.$inferInput

interface Result extends NamedConversion {
  readonly index: number
  readonly incomingPost: IncomingPost | null
  readonly ticket: Ticket | null
}

const ConversionResult = builder.objectRef<Result>('ConversionResult').implement({
  description: 'What became of one of the posts.',
  fields: (t) => ({
    index: t.exposeInt('index', { description: 'Its place in the input, from 0: first `ids`, then `posts`.' }),
    outcome: t.expose('outcome', { type: ConversionOutcomeEnum, description: 'What became of it.' }),
    incomingPost: t.field({
      type: IncomingPostRef,
      nullable: true,
      description: 'The post among the incoming ones; null when it never was there.',
      resolve: ({ incomingPost }) => incomingPost,
    }),
    ticket: t.field({
      type: TicketRef,
      nullable: true,
      description: 'The ticket that it is on; null when it is on none.',
      resolve: ({ ticket }) => ticket,
    }),
    error: t.field({
      type: UserErrorRef,
      nullable: true,
      description: 'Why it was refused; null when it was not.',
      resolve: ({ error }) => error,
    }),
  }),
})

interface Payload {
  readonly results: readonly Result[]
  readonly userErrors: readonly UserError[]
  readonly position: Position
}

const ConvertPostsPayload = builder.objectRef<Payload>('ConvertPostsPayload').implement({
  description: 'What became of a `convertPosts`.',
  fields: (t) => ({
    results: t.field({
      type: [ConversionResult],
      description: 'A result for each post, in the order given.',
      resolve: ({ results }) => [...results],
    }),
    ...outcomeFields(
      t,
      'What is wrong with the call as a whole. Not empty: nothing was changed.',
      'The log position that includes the changes.',
    ),
  }),
})

const sizeOf = ({ ids, posts }: ConvertPostsShape): number => (ids?.length ?? 0) + (posts?.length ?? 0)

builder.mutationField('convertPosts', (t) =>
  t.field({
    type: ConvertPostsPayload,
    authScopes: { admin: true },
    // The objects of all results are read together, as those of a page are, so a thousand weigh what a full page does.
    complexity: ({ input }) => ({ field: 10, multiplier: Math.min(MAX_PAGE_SIZE, sizeOf(input)) }),
    description: `Makes tickets of up to ${MOST_POSTS} posts. Each is judged by itself: one that is refused is in the way of no other. For administrators.`,
    args: { input: t.arg({ type: ConvertPostsInput, required: true, description: 'Which posts.' }) },
    resolve: async (_root, { input }, context, info): Promise<Payload> => {
      const problem = problemOf(input)
      if (problem) return { results: [], ...(await nowhere(context, [problem])) }
      const named = [
        ...(input.ids ?? []).map((id, at) => incomingPostNamed(id, ['ids', String(at)])),
        ...(input.posts ?? []).map((post, at) => postOnXNamed(post, ['posts', String(at)])),
      ]
      const { results, position } = await convert(context, named)
      return { results: await withObjects(context, info, results), userErrors: [], position }
    },
  }),
)

function problemOf(input: ConvertPostsShape): UserError | undefined {
  const size = sizeOf(input)
  if (size > 0 && size <= MOST_POSTS) return undefined
  const field = [input.posts?.length ? 'posts' : 'ids']
  const message = size === 0 ? 'No post is named.' : `At most ${MOST_POSTS} posts can be named; there are ${size}.`
  return { code: 'INVALID_INPUT', field, message }
}

/** The posts and tickets that the operation asks for, each kind read at once. */
async function withObjects(
  context: Context,
  info: GraphQLResolveInfo,
  results: readonly NamedConversion[],
): Promise<Result[]> {
  const posts = new Map<string, IncomingPost>()
  const tickets = new Map<string, Ticket>()
  const postPath = ['results', 'incomingPost']
  const ticketPath = ['results', 'ticket']
  if (fieldsAt(info, postPath).length > 0) {
    const ids = [...new Set(results.flatMap(({ postId }) => postId ?? []))]
    const selection = selectionFor('IncomingPost', context, info, [postPath])
    const found = await context.prisma.incomingPost.findMany({ ...selection, where: { id: { in: ids } } })
    for (const post of found) posts.set(post.id, post)
  }
  if (fieldsAt(info, ticketPath).length > 0) {
    const ids = [...new Set(results.flatMap(({ ticketId }) => ticketId ?? []))]
    const selection = selectionFor('Ticket', context, info, [ticketPath])
    const where = { id: { in: ids }, ...visibleTickets(viewerOf(context)) }
    const found = await context.prisma.ticket.findMany({ ...selection, where })
    await prefetchComments(context.prisma, context, info, found, [ticketPath])
    for (const ticket of found) tickets.set(ticket.id, ticket)
  }
  return results.map((result, index) => ({
    ...result,
    index,
    incomingPost: (result.postId !== undefined && posts.get(result.postId)) || null,
    ticket: (result.ticketId !== null && tickets.get(result.ticketId)) || null,
  }))
}
