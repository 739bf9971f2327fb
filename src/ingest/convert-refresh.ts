import type { Logger } from 'pino'
import type { Store } from '../store/store.ts'
import { XError } from '../x/errors.ts'
import { applyItems } from './apply.ts'
import { IDS_PER_CALL, type PostLookup } from './convert-fetch.ts'
import type { Stale } from './convert-find.ts'
import { noteLooked } from './looked.ts'
import { newerVersions, parseLookup } from './parse.ts'
import { shownAt } from './seen-at.ts'

/**
 * Asks X for posts that it was not asked about for long, so that no ticket is made of what its author has deleted or said
 * otherwise since. Where X does not answer now, what is here counts: what is on a ticket is looked up later all the same.
 */
export async function refreshPosts(
  { store, lookup, logger }: { readonly store: Store; readonly lookup: PostLookup; readonly logger: Logger },
  stale: readonly Stale[],
): Promise<void> {
  const byAccount = new Map<string, Stale[]>()
  for (const post of stale) byAccount.set(post.accountId, [...(byAccount.get(post.accountId) ?? []), post])

  /** What X shows now; false when its answer makes no sense. */
  async function look(accountId: string, versionIds: readonly string[], readerId: string | undefined, again = false) {
    const asked = new Date()
    const { body, rateLimit } = await lookup(accountId, versionIds)
    const answer = parseLookup(body, asked, readerId)
    if (!answer) return false
    await applyItems(store, shownAt(answer, rateLimit?.asOf).items)
    const newer = newerVersions(body)
    if (newer.length > 0 && !again) await look(accountId, newer, readerId, true)
    return true
  }

  async function refresh(accountId: string, posts: Stale[]): Promise<void> {
    const versionIds = [...new Set(posts.map(({ versionId }) => versionId))]
    if (!(await look(accountId, versionIds, posts[0]?.readerId))) return
    await noteLooked(
      store.prisma,
      posts.map(({ postId }) => postId),
    )
  }

  await Promise.all(
    [...byAccount].map(async ([accountId, posts]) => {
      try {
        for (let from = 0; from < posts.length; from += IDS_PER_CALL) {
          await refresh(accountId, posts.slice(from, from + IDS_PER_CALL))
        }
      } catch (error) {
        if (!(error instanceof XError)) throw error
        logger.warn(
          { err: error, accountId },
          'posts to convert could not be looked up; they are taken as they are here',
        )
      }
    }),
  )
}
