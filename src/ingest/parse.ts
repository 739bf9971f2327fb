import { z } from 'zod'
import { compareIds } from '../domain/x-id.ts'
import type { Parsed, ReceivedDeletion, ReceivedPost } from './item.ts'
import { type AuthoredPost, parseAuthors, parsePosts, parseUsers, xId } from './parse-post.ts'
import { named, rawIncludes } from './x-names.ts'

/* X's pages → items. Each post is judged by itself; a body that is no page at all gives undefined: X's fault, and worth a retry. */

export interface ParsedPage extends Parsed {
  /** The newest id of the page, by X's word or by ours. */
  readonly newestId: string | null
  readonly nextToken: string | null
}

const rawPage = z.object({
  data: z.array(z.unknown()).optional(),
  includes: rawIncludes,
  meta: z.object({ newest_id: z.string().optional(), next_token: z.string().optional() }),
})

const rawLookup = z
  .object({
    data: z.array(z.unknown()).optional(),
    includes: rawIncludes,
    errors: z.array(z.unknown()).optional(),
  })
  .refine(({ data, errors }) => data !== undefined || errors !== undefined)

/**
 * The problem type of what is gone, or never was (docs.x.com, "Response codes and errors"). X has served it under
 * api.twitter.com and api.x.com.
 */
const notFound = z.object({
  resource_id: xId,
  // What a post refers to was not asked for: it may be gone for whoever asks, and there for others.
  parameter: z
    .string()
    .refine((name) => !/^referenced_(tweets|posts)/.test(name))
    .optional(),
  type: z.string().regex(/^https:\/\/api\.(twitter|x)\.com\/2\/problems\/resource-not-found$/),
})

const postsOf = (data: readonly unknown[], includes: z.infer<typeof rawIncludes>, readerId: string | undefined) =>
  parsePosts(data, parseUsers(includes?.users ?? [], readerId), parseAuthors(includes?.tweets ?? []))

const asItem = ({ post, author }: AuthoredPost): ReceivedPost => ({ kind: 'post', post, author })

/** A page of a timeline or a search, as the account with X's id `readerId` sees it. */
export function parsePage(body: unknown, readerId?: string): ParsedPage | undefined {
  return readPage(body, readerId, asItem)
}

/** A page of what `likerId` likes (GET /2/users/:id/liked_tweets). X does not say when. */
export function parseLikedPage(body: unknown, likerId: string, history: boolean): ParsedPage | undefined {
  return readPage(body, likerId, (found) => ({ kind: 'like', likerId, ...found, likedAt: null, history }))
}

function readPage(
  body: unknown,
  readerId: string | undefined,
  toItem: (found: AuthoredPost) => Parsed['items'][number],
): ParsedPage | undefined {
  const page = rawPage.safeParse(body)
  if (!page.success) return undefined
  const { data = [], includes, meta } = page.data
  const { posts, rejects } = postsOf(data, includes, readerId)
  const ids = posts.map(({ post }) => post.versionId)
  if (meta.newest_id && /^[0-9]{1,19}$/.test(meta.newest_id)) ids.push(meta.newest_id)
  return {
    items: posts.map(toItem),
    rejects,
    newestId: ids.sort(compareIds).at(-1) ?? null,
    nextToken: meta.next_token ?? null,
  }
}

/**
 * The posts that were asked for by id (GET /2/tweets?ids=), as they are now, and a deletion of each that X says is not
 * there. Those that X may not show us (a protected or suspended author) give nothing.
 */
export function parseLookup(body: unknown, at: Date, readerId?: string): Parsed | undefined {
  const answer = rawLookup.safeParse(body)
  if (!answer.success) return undefined
  const { data = [], includes, errors = [] } = answer.data
  const { posts, rejects } = postsOf(data, includes, readerId)
  const gone = errors.flatMap((error): ReceivedDeletion[] => {
    const problem = notFound.safeParse(error)
    return problem.success ? [{ kind: 'deletion', postId: problem.data.resource_id, at: at.toISOString() }] : []
  })
  return { items: [...posts.map(asItem), ...gone], rejects }
}

const rawVersions = named(z.object({ id: xId, edit_history_tweet_ids: z.array(xId).optional() }))

/**
 * Of the posts of such an answer, the versions that X names as newer than those that it shows: asked for an older version,
 * X shows that one (docs.x.com, "Edit Posts").
 */
export function newerVersions(body: unknown): string[] {
  const answer = rawLookup.safeParse(body)
  return (answer.data?.data ?? []).flatMap((raw) => {
    const post = rawVersions.safeParse(raw)
    const newest = post.data?.edit_history_tweet_ids?.toSorted(compareIds).at(-1)
    return newest !== undefined && newest !== post.data?.id ? [newest] : []
  })
}
