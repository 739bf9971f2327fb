import type { Logger } from 'pino'
import type { RefuseReason } from '../domain/captured.ts'
import type { Prisma } from '../generated/prisma/client.ts'
import type { Changed, ChangeScope, Store } from '../store/store.ts'
import { applyWithin, meetingOthers } from './apply.ts'
import { fetchPosts, type PostLookup } from './convert-fetch.ts'
import { type Candidate, findPosts, REFUSALS, readAccounts, refused, whyNot } from './convert-find.ts'
import { refreshPosts } from './convert-refresh.ts'
import { lockConversations } from './facts.ts'
import { type Conversion, type Converted, MOST_POSTS, type PostToConvert, type Refusal } from './incoming-posts.ts'
import type { ConvertedPost } from './item.ts'
import { unseen } from './parse-post.ts'
import type { Outcome } from './planned.ts'
import { isRefusal } from './refusal.ts'

/*
 * Conversion by hand (F15, F20, F21). What X must be asked is asked before anything is locked; then all posts are decided
 * about in one transaction, as ingestion decides about a batch, so that two administrators, or an administrator and a
 * like, make one ticket of a post.
 */

export interface ConversionServices {
  readonly store: Store
  readonly lookup: PostLookup
  readonly logger: Logger
}

type Done = Changed<ReadonlyMap<Candidate, Conversion>>

export async function convertPosts(
  { store, lookup, logger }: ConversionServices,
  userId: string,
  posts: readonly PostToConvert[],
): Promise<Converted> {
  if (posts.length > MOST_POSTS) throw new RangeError(`at most ${MOST_POSTS} posts are converted at once`)
  const found = await findPosts(store.prisma, posts)
  const [fetched] = await Promise.all([
    fetchPosts(lookup, found.unknown, logger),
    refreshPosts({ store, lookup, logger }, found.stale),
  ])
  const results = new Map([...found.results, ...fetched.results])
  const candidates = [...found.candidates, ...fetched.candidates]
  const { epoch, head } = await store.log.head()
  let position = { epoch, offset: head }
  if (candidates.length > 0) {
    const done = await decideAll({ store, logger }, userId, candidates)
    for (const [{ index }, conversion] of done.value) results.set(index, conversion)
    position = done.position
  }
  return { results: posts.map((post, at) => results.get(at) ?? refused(post.postId, REFUSALS.noPost)), position }
}

/** Together; when the database takes one of them never, in halves, until that one is alone. */
async function decideAll(
  { store, logger }: Pick<ConversionServices, 'store' | 'logger'>,
  userId: string,
  candidates: readonly Candidate[],
): Promise<Done> {
  try {
    return await meetingOthers(() =>
      store.change({ kind: 'user', id: userId }, (scope) => decide(scope, userId, candidates)),
    )
  } catch (error) {
    if (!isRefusal(error)) throw error
    const [candidate] = candidates
    if (candidate && candidates.length === 1) {
      logger.error({ err: error, postId: candidate.postId }, 'a post cannot be converted')
      const { epoch, head } = await store.log.head()
      const conversion = refused(candidate.postId, UNSTORABLE)
      return { value: new Map([[candidate, conversion]]), position: { epoch, offset: head } }
    }
    const half = Math.ceil(candidates.length / 2)
    const first = await decideAll({ store, logger }, userId, candidates.slice(0, half))
    const second = await decideAll({ store, logger }, userId, candidates.slice(half))
    return { value: new Map([...first.value, ...second.value]), position: second.position }
  }
}

const UNSTORABLE: Refusal = { code: 'INVALID_INPUT', about: 'post', message: 'The post cannot be stored.' }

async function decide(
  scope: ChangeScope,
  userId: string,
  candidates: readonly Candidate[],
): Promise<ReadonlyMap<Candidate, Conversion>> {
  // First, so that what is read next is what it says until the end: its author may be editing it.
  await lockConversations(scope.db, [...new Set(candidates.map(({ conversationId }) => conversationId))])
  const waiting = await readWaiting(
    scope.db,
    candidates.flatMap(({ fetched, postId }) => (fetched ? [] : [postId])),
  )
  const items = new Map<Candidate, ConvertedPost>()
  for (const candidate of candidates) {
    const { postId, accountId, fetched } = candidate
    const said = fetched ?? waiting.get(postId)
    if (said) items.set(candidate, { kind: 'conversion', post: said.post, author: said.author, accountId, userId })
  }
  const outcomes = await applyWithin(scope, [...items.values()])
  const accounts = await readAccounts(scope.db)
  return new Map(
    candidates.map((candidate) => {
      const item = items.get(candidate)
      const outcome = item && outcomes.get(item)
      return [candidate, conversionOf(candidate, outcome, () => whyNot(accounts.get(candidate.accountId)))]
    }),
  )
}

async function readWaiting(db: Prisma.TransactionClient, ids: readonly string[]) {
  const rows = await db.incomingPost.findMany({ where: { id: { in: [...ids] } } })
  return new Map(
    rows.map(({ id, versionId, authorId, conversationId, text, inReplyToPostId, quotedUserId, postedAt, editedAt }) => {
      const post = {
        id,
        versionId: versionId ?? id,
        authorId,
        conversationId,
        text,
        inReplyToPostId,
        // Whom it is about, the administrator has said.
        inReplyToUserId: null,
        mentionedUserIds: [],
        mentionedHandles: [],
        quotedUserId,
        repostOfId: null,
        postedAt: postedAt.toISOString(),
        editedAt: editedAt?.toISOString() ?? null,
      }
      // The profile is kept already, and newer than what the post came with.
      return [id, { post, author: unseen(authorId) }]
    }),
  )
}

const REASONS: Readonly<Record<Exclude<RefuseReason, 'ACCOUNT_INACTIVE'>, Refusal>> = {
  MENTIONS_CAPTURED: REFUSALS.byItself,
  OWN_POST: REFUSALS.own,
  REPOST: REFUSALS.repost,
  DELETED: REFUSALS.deleted,
}

function conversionOf({ postId }: Candidate, outcome: Outcome | undefined, inactive: () => Refusal): Conversion {
  if (!outcome) return refused(postId, REFUSALS.noPost)
  const { decision, ticketId } = outcome
  if (decision.kind === 'REFUSE') {
    return refused(postId, decision.reason === 'ACCOUNT_INACTIVE' ? inactive() : REASONS[decision.reason])
  }
  const converted = decision.kind === 'OPEN_TICKET' || decision.kind === 'COMMENT'
  return { outcome: converted ? 'CONVERTED' : 'ALREADY_CONVERTED', postId, ticketId, refusal: null }
}
