import type { Logger } from 'pino'
import type { XAnswer } from '../x/client.ts'
import { XError } from '../x/errors.ts'
import { type Candidate, refused, type Unknown } from './convert-find.ts'
import type { Conversion, Refusal } from './incoming-posts.ts'
import { parseLookup } from './parse.ts'
import { shownAt } from './seen-at.ts'

/* Posts that are not among the incoming ones, as X shows them to the account that they are converted for. */

/** GET /2/tweets?ids= as an account. Throws XError. */
export type PostLookup = (accountId: string, ids: readonly string[]) => Promise<XAnswer>

/** X's maximum (x-openapi.json, GET /2/tweets). */
export const IDS_PER_CALL = 100

const ABSENT: Refusal = {
  code: 'NOT_FOUND',
  about: 'post',
  message: 'X shows this account no such post: it is deleted, protected, or never was.',
}
const UNREADABLE: Refusal = { code: 'X_UNAVAILABLE', about: 'post', message: 'X’s answer makes no sense. Try again.' }
const SILENT: Refusal = { code: 'X_UNAVAILABLE', about: 'post', message: 'X does not answer now. Try again.' }
const BUSY: Refusal = {
  code: 'X_UNAVAILABLE',
  about: 'post',
  message: 'X asks for a pause. Try again in a quarter of an hour.',
}

export interface Fetched {
  readonly candidates: readonly Candidate[]
  readonly results: ReadonlyMap<number, Conversion>
}

/** Asks X, 100 posts a call, the accounts side by side. A call that fails is the fault of its own posts only. */
export async function fetchPosts(lookup: PostLookup, unknown: readonly Unknown[], logger: Logger): Promise<Fetched> {
  const candidates: Candidate[] = []
  const results = new Map<number, Conversion>()
  const refuse = (posts: readonly Unknown[], refusal: Refusal) => {
    for (const { index, postId } of posts) results.set(index, refused(postId, refusal))
  }

  async function fetchPage(accountId: string, posts: readonly Unknown[]): Promise<void> {
    const { body, rateLimit } = await lookup(accountId, [...new Set(posts.map(({ postId }) => postId))])
    const answer = parseLookup(body, new Date(), posts[0]?.readerId)
    if (!answer) return refuse(posts, UNREADABLE)
    const shown = new Map<string, NonNullable<Candidate['fetched']>>()
    for (const item of shownAt(answer, rateLimit?.asOf).items) {
      if (item.kind === 'post') shown.set(item.post.id, item).set(item.post.versionId, item)
    }
    for (const asked of posts) {
      const fetched = shown.get(asked.postId)
      if (!fetched) refuse([asked], answer.rejects.length > 0 ? UNREADABLE : ABSENT)
      else {
        const { id: postId, conversationId } = fetched.post
        candidates.push({ ...asked, postId, conversationId, fetched })
      }
    }
  }

  async function fetchAll(accountId: string, posts: readonly Unknown[]): Promise<void> {
    for (let from = 0; from < posts.length; from += IDS_PER_CALL) {
      try {
        await fetchPage(accountId, posts.slice(from, from + IDS_PER_CALL))
      } catch (error) {
        if (!(error instanceof XError)) throw error
        logger.warn({ err: error, accountId }, 'posts to convert could not be fetched')
        // What X says to one call of an account now, it says to the next.
        return refuse(posts.slice(from), error.kind === 'RATE_LIMITED' ? BUSY : SILENT)
      }
    }
  }

  const byAccount = new Map<string, Unknown[]>()
  for (const post of unknown) byAccount.set(post.accountId, [...(byAccount.get(post.accountId) ?? []), post])
  await Promise.all([...byAccount].map(([accountId, posts]) => fetchAll(accountId, posts)))
  return { candidates, results }
}
