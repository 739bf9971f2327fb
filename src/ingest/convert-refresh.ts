import type { Logger } from 'pino'
import type { Store } from '../store/store.ts'
import { XError } from '../x/errors.ts'
import { applyItems } from './apply.ts'
import { IDS_PER_CALL, type PostLookup } from './convert-fetch.ts'
import type { Stale } from './convert-find.ts'
import { noteLooked } from './looked.ts'
import { parseLookup } from './parse.ts'
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

  async function refresh(accountId: string, posts: Stale[]): Promise<void> {
    const asked = new Date()
    const { body, rateLimit } = await lookup(accountId, [...new Set(posts.map(({ versionId }) => versionId))])
    const answer = parseLookup(body, asked, posts[0]?.readerId)
    if (!answer) return
    await applyItems(store, shownAt(answer, rateLimit?.asOf).items)
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
