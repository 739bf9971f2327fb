import type { UserError } from '../domain/errors.ts'
import type { Position } from '../domain/position.ts'
import type { Conversion } from '../ingest/incoming-posts.ts'
import { builder } from './builder.ts'
import type { Context } from './context.ts'
import type { Named } from './convert-input.ts'
import { described } from './enums.ts'
import { nowhere } from './nowhere.ts'
import { viewerOf } from './viewer.ts'

export const ConversionOutcomeEnum = builder.enumType('ConversionOutcome', {
  description: 'What became of a post that was to be converted.',
  values: described({
    CONVERTED: 'It is on a ticket now: a new one, or the open one that its author has in that conversation.',
    ALREADY_CONVERTED: 'It was on a ticket before; nothing was changed.',
    REFUSED: 'It stays as it is; the error says why.',
  }),
})

/** What became of one of the posts named; `postId` is undefined where the name makes no sense. */
export interface NamedConversion {
  readonly outcome: Conversion['outcome']
  readonly postId: string | undefined
  readonly ticketId: string | null
  readonly error: UserError | null
}

/** Converts the posts that are named; a result for each, in order. Names that make no sense refuse only themselves. */
export async function convert(
  context: Context,
  named: readonly Named[],
): Promise<{ readonly results: readonly NamedConversion[]; readonly position: Position }> {
  const posts = named.flatMap((one) => ('post' in one ? [one.post] : []))
  const { results: conversions, position } =
    posts.length > 0
      ? await context.incomingPosts.convert(viewerOf(context).userId, posts)
      : { results: [], position: (await nowhere(context, [])).position }
  const next = conversions[Symbol.iterator]()
  const results = named.map((one): NamedConversion => {
    if ('error' in one) return { outcome: 'REFUSED', postId: undefined, ticketId: null, error: one.error }
    const conversion = next.next().value
    if (!conversion) throw new Error('There are fewer results than posts.')
    const { outcome, postId, ticketId, refusal } = conversion
    return { outcome, postId, ticketId, error: refusal && errorOf(refusal, one) }
  })
  return { results, position }
}

/** Where in the input the fault is: a global id names post and account at once. */
function errorOf(
  { code, about, message }: NonNullable<Conversion['refusal']>,
  { post, path }: Extract<Named, { post: unknown }>,
): UserError {
  const field = post.accountId === null ? path : [...path, about === 'account' ? 'accountId' : 'xPostId']
  return { code, field, message }
}
