import type { AccountStatus } from '../domain/account.ts'
import type { Post } from '../domain/captured.ts'
import type { Prisma } from '../generated/prisma/client.ts'
import { readKnown } from './facts-known.ts'
import type { Conversion, PostToConvert, Refusal } from './incoming-posts.ts'
import type { SeenProfile } from './item.ts'

/* What is known of the posts that are to be converted, before anything is locked or asked of X. */

/** One that can be decided about. */
export interface Candidate {
  readonly index: number
  readonly postId: string
  readonly accountId: string
  readonly conversationId: string
  /** From X; null: it is among the incoming posts, and is read from there. */
  readonly fetched: { readonly post: Post; readonly author: SeenProfile } | null
}

/** One that must be asked of X. */
export interface Unknown {
  readonly index: number
  readonly postId: string
  readonly accountId: string
  /** X's id of the account. */
  readonly readerId: string
}

/** One that waits, by the version that is known. */
export interface Stale extends Unknown {
  readonly versionId: string
}

export interface Found {
  readonly results: ReadonlyMap<number, Conversion>
  readonly candidates: readonly Candidate[]
  readonly unknown: readonly Unknown[]
  /** Candidates that X was not asked about for an hour. */
  readonly stale: readonly Stale[]
}

const NO_POST = 'There is no such post among the incoming ones.'
export const REFUSALS = {
  noPost: { code: 'NOT_FOUND', about: 'post', message: NO_POST },
  noAccount: { code: 'NOT_FOUND', about: 'account', message: 'There is no account with this id.' },
  inactive: { code: 'ACCOUNT_NOT_ACTIVE', about: 'account', message: 'The account is switched off or unlinked.' },
  deauthorized: { code: 'ACCOUNT_DEAUTHORIZED', about: 'account', message: 'X no longer lets the account in.' },
  byItself: {
    code: 'MANUAL_CONVERSION_OFF',
    about: 'account',
    message: 'Posts of this account are not converted by hand.',
  },
  own: { code: 'OWN_POST', about: 'post', message: 'An account of ours wrote this post.' },
  repost: { code: 'REPOST', about: 'post', message: 'It repeats somebody else’s post without a word of its own.' },
  deleted: { code: 'POST_DELETED', about: 'post', message: 'Its author deleted this post at X.' },
} as const satisfies Record<string, Refusal>

export const refused = (postId: string, refusal: Refusal): Conversion => ({
  outcome: 'REFUSED',
  postId,
  ticketId: null,
  refusal,
})

export async function findPosts(db: Prisma.TransactionClient, posts: readonly PostToConvert[]): Promise<Found> {
  const ids = [...new Set(posts.map(({ postId }) => postId))]
  const accounts = await readAccounts(db)
  const known = await readKnown(db, { ids, versions: ids, changing: new Set() }, [])
  const waiting = [...new Set([...known.posts.values()].flatMap(({ id, incoming }) => (incoming ? [id] : [])))]
  const rows = await db.$queryRaw<{ id: string; conversationId: string; versionId: string; stale: boolean }[]>`
    SELECT id, conversation_id AS "conversationId", coalesce(version_id, id) AS "versionId",
      looked_at < now() - interval '1 hour' AS stale
    FROM incoming_post WHERE id = ANY(${waiting})`
  const rowOf = new Map(rows.map((row) => [row.id, row]))

  const results = new Map<number, Conversion>()
  const candidates: Candidate[] = []
  const unknown: Unknown[] = []
  const stale: Stale[] = []
  posts.forEach(({ postId, accountId: wanted }, index) => {
    const post = known.posts.get(postId)
    const id = post?.id ?? postId
    const accountId = wanted ?? post?.incoming?.accountId
    const account = accountId === undefined ? undefined : accounts.get(accountId)
    if (post?.comment) {
      const { ticketId } = post.comment
      results.set(index, { outcome: 'ALREADY_CONVERTED', postId: id, ticketId, refusal: null })
    } else if (post?.deleted || known.deleted.has(postId)) results.set(index, refused(id, REFUSALS.deleted))
    else if (accountId === undefined) results.set(index, refused(id, REFUSALS.noPost))
    else if (account?.status !== 'ACTIVE') results.set(index, refused(id, whyNot(account)))
    else if (post) {
      const row = rowOf.get(id)
      candidates.push({ index, postId: id, accountId, conversationId: row?.conversationId ?? id, fetched: null })
      const { xUserId: readerId } = account
      if (row?.stale) stale.push({ index, postId: id, versionId: row.versionId, accountId, readerId })
    } else if (account.manualConversion) {
      unknown.push({ index, postId, accountId, readerId: account.xUserId })
    }
    // What does not wait has a ticket, or is of no concern: X charges for the answer, which would be no all the same.
    else results.set(index, refused(id, REFUSALS.byItself))
  })
  return { results, candidates, unknown, stale }
}

interface AccountState {
  readonly xUserId: string
  readonly status: AccountStatus
  readonly manualConversion: boolean
}

export async function readAccounts(db: Prisma.TransactionClient): Promise<ReadonlyMap<string, AccountState>> {
  const rows = await db.account.findMany({ select: { id: true, xUserId: true, status: true, manualConversion: true } })
  return new Map(rows.map((row) => [row.id, row]))
}

/** Why nothing is converted for an account that is not active. */
export function whyNot(account: AccountState | undefined): Refusal {
  if (!account) return REFUSALS.noAccount
  return account.status === 'DEAUTHORIZED' ? REFUSALS.deauthorized : REFUSALS.inactive
}
