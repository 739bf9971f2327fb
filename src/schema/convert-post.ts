import type { UserError } from '../domain/errors.ts'
import type { Position } from '../domain/position.ts'
import { builder } from './builder.ts'
import { ConversionOutcomeEnum, convert } from './convert-deed.ts'
import { incomingPostNamed, type Named, postOnXNamed } from './convert-input.ts'
import { IncomingPostRef } from './incoming-post.ts'
import { nowhere } from './nowhere.ts'
import { outcomeFields, ticketField } from './outcome-fields.ts'

const ConvertPostInput = builder.inputType('ConvertPostInput', {
  description: 'A post to make a ticket of: `id`, or `xPostId` with `accountId`.',
  fields: (t) => ({
    id: t.id({ description: 'An incoming post.' }),
    xPostId: t.string({
      description: 'X’s id of any post, or the link to it. What did not come in is fetched from X.',
    }),
    accountId: t.id({ description: 'The account that the ticket shall be of.' }),
  }),
})

interface Payload {
  readonly outcome: 'CONVERTED' | 'ALREADY_CONVERTED' | 'REFUSED' | null
  readonly postId: string | undefined
  readonly ticketId: string | null
  readonly userErrors: readonly UserError[]
  readonly position: Position
}

const ConvertPostPayload = builder.objectRef<Payload>('ConvertPostPayload').implement({
  description: 'What became of a `convertPost`.',
  fields: (t) => ({
    outcome: t.field({
      type: ConversionOutcomeEnum,
      nullable: true,
      description: 'What became of the post; null when the input names none.',
      resolve: ({ outcome }) => outcome,
    }),
    ticket: ticketField(t, 'The ticket that it is on; null when it is on none.'),
    incomingPost: t.prismaField({
      type: IncomingPostRef,
      nullable: true,
      description: 'The post among the incoming ones; null when it never was there.',
      resolve: (query, { postId }, _args, { prisma }) =>
        postId === undefined ? null : prisma.incomingPost.findUnique({ ...query, where: { id: postId } }),
    }),
    ...outcomeFields(t, 'Why it was not converted. Not empty: nothing was changed.'),
  }),
})

builder.mutationField('convertPost', (t) =>
  t.field({
    type: ConvertPostPayload,
    authScopes: { admin: true },
    complexity: 10,
    description:
      'Makes a ticket of a post, or a comment of the open ticket that its author has in that conversation. For administrators.',
    args: { input: t.arg({ type: ConvertPostInput, required: true, description: 'Which post.' }) },
    resolve: async (_root, { input }, context): Promise<Payload> => {
      const named = nameOf(input)
      if (!named) {
        const message = 'Give either `id`, or `xPostId` and `accountId`.'
        const userErrors: UserError[] = [{ code: 'INVALID_INPUT', field: ['id'], message }]
        return { outcome: null, postId: undefined, ticketId: null, ...(await nowhere(context, userErrors)) }
      }
      const { results, position } = await convert(context, [named])
      const [result] = results
      if (!result) throw new Error('There is no result.')
      const { error, ...rest } = result
      return { ...rest, userErrors: error ? [error] : [], position }
    },
  }),
)

function nameOf({ id, xPostId, accountId }: typeof ConvertPostInput.$inferInput): Named | undefined {
  const given = (value: string | null | undefined): value is string => typeof value === 'string'
  if (given(id)) return given(xPostId) || given(accountId) ? undefined : incomingPostNamed(id, ['id'])
  return given(xPostId) && given(accountId) ? postOnXNamed({ xPostId, accountId }, []) : undefined
}
