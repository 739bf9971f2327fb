import type { UserError } from '../domain/errors.ts'
import { postIdOf } from '../domain/post-link.ts'
import type { PostToConvert } from '../ingest/incoming-posts.ts'
import { builder } from './builder.ts'
import { IdReader } from './user-error.ts'

/* How a post to convert is named: among the incoming ones by its global id, else by X's. */

export const PostOnXInput = builder.inputType('PostOnXInput', {
  description: 'A post on X, and the account that its ticket shall be of.',
  fields: (t) => ({
    xPostId: t.string({ required: true, description: 'X’s id of the post, or the link to it.' }),
    accountId: t.id({ required: true, description: 'The account.' }),
  }),
})

/** A post, or what is wrong with its name. `path` leads to it inside `input`. */
export type Named =
  | { readonly post: PostToConvert; readonly path: readonly string[] }
  | { readonly error: UserError; readonly path: readonly string[] }

export function incomingPostNamed(id: string, path: readonly string[]): Named {
  const ids = new IdReader()
  const postId = ids.read('IncomingPost', '', id)
  const [error] = ids.userErrors
  return error ? { error: { ...error, field: path }, path } : { post: { postId: postId ?? '', accountId: null }, path }
}

export function postOnXNamed(input: typeof PostOnXInput.$inferInput, path: readonly string[]): Named {
  const ids = new IdReader()
  const accountId = ids.read('Account', 'accountId', input.accountId)
  const postId = postIdOf(input.xPostId)
  const [error] = ids.userErrors
  if (error) return { error: { ...error, field: [...path, 'accountId'] }, path }
  if (accountId === undefined || postId === undefined) {
    const message = 'This is neither the number of a post on X nor a link to one.'
    return { error: { code: 'INVALID_INPUT', field: [...path, 'xPostId'], message }, path }
  }
  return { post: { postId, accountId }, path }
}
