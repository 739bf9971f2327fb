import { type DirectMessage, type Known, WAIT_REASONS } from '../domain/captured.ts'
import type { Prisma } from '../generated/prisma/client.ts'
import type { Mentioned } from './threads.ts'

/* Which posts and messages of a batch we have already, and what of them may be changed by it. */

/** What is known of a post, and where it is. */
export interface KnownPost extends Known {
  /** Of its first version. */
  readonly id: string
  /** On a ticket: the comment. */
  readonly comment: {
    readonly id: string
    readonly ticketId: string
    readonly authorId: string | null
    readonly direction: 'INBOUND' | 'OUTBOUND'
    readonly visibility: 'PUBLIC' | 'PRIVATE'
    readonly favorited: boolean
    readonly retweeted: boolean
  } | null
  /** Among the incoming posts: whose, and how it stands there. */
  readonly incoming: { readonly accountId: string; readonly state: IncomingState } | null
}

export type IncomingState = 'WAITING' | 'CONVERTED' | 'IGNORED'

export interface KnownThings {
  readonly redact: boolean
  readonly posts: ReadonlyMap<string, KnownPost>
  readonly messages: ReadonlySet<string>
  readonly deleted: ReadonlySet<string>
  /** The tickets of comments that may change. */
  readonly changing: readonly string[]
}

type Db = Prisma.TransactionClient

export async function readKnown(
  db: Db,
  { ids, versions, changing }: Mentioned,
  messages: readonly DirectMessage[],
): Promise<KnownThings> {
  const posts = new Map<string, KnownPost>()
  const byVersion: string[] = [...versions]
  for (const row of await readIncoming(db, ids, byVersion)) keep(posts, toIncoming(row), row.version_id)
  // Later, for a post that was converted is found in both places.
  for (const row of await readComments(db, ids, byVersion)) keep(posts, toComment(row), row.version_id)
  const tickets = new Set<string>()
  for (const id of changing) {
    const ticketId = posts.get(id)?.comment?.ticketId
    if (ticketId !== undefined) tickets.add(ticketId)
  }
  return {
    posts,
    changing: [...tickets],
    messages: await readMessages(db, messages),
    deleted: await readDeleted(db, ids),
    redact: tickets.size > 0 || versions.length > 0 ? await readRedaction(db) : true,
  }
}

function keep(posts: Map<string, KnownPost>, known: KnownPost, versionId: string | null): void {
  posts.set(known.id, known)
  if (versionId !== null) posts.set(versionId, known)
}

interface IncomingRow {
  id: string
  account_id: string
  version_id: string | null
  state: IncomingState
  reason: string | null
}

const readIncoming = (db: Db, ids: readonly string[], versions: readonly string[]) =>
  db.$queryRaw<IncomingRow[]>`
    SELECT id, account_id, version_id, state::text, reason FROM incoming_post
    WHERE id = ANY(${ids}) OR (version_id IS NOT NULL AND version_id = ANY(${versions}))`

interface CommentRow {
  id: string
  ticket_id: string
  external_id: string
  version_id: string | null
  author_id: string | null
  direction: 'INBOUND' | 'OUTBOUND'
  visibility: 'PUBLIC' | 'PRIVATE'
  favorited: boolean
  retweeted: boolean
  deleted: boolean
}

const readComments = (db: Db, ids: readonly string[], versions: readonly string[]) =>
  db.$queryRaw<CommentRow[]>`
    SELECT id, ticket_id, external_id, version_id, author_id, direction::text, visibility::text, favorited, retweeted,
           deleted_at IS NOT NULL AS deleted
    FROM comment WHERE channel = 'X_POST'
      AND (external_id = ANY(${ids}) OR (version_id IS NOT NULL AND version_id = ANY(${versions})))`

async function readMessages(db: Db, messages: readonly DirectMessage[]): Promise<ReadonlySet<string>> {
  if (messages.length === 0) return new Set()
  const idsOf = (channel: DirectMessage['channel']) =>
    messages.filter((message) => message.channel === channel).map(({ id }) => id)
  const rows = await db.$queryRaw<{ key: string }[]>`
    SELECT channel || '/' || external_id AS key FROM comment
    WHERE (channel = 'X_DM' AND external_id = ANY(${idsOf('X_DM')}))
       OR (channel = 'X_CHAT' AND external_id = ANY(${idsOf('X_CHAT')}))`
  return new Set(rows.map(({ key }) => key))
}

async function readDeleted(db: Db, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set()
  const rows = await db.$queryRaw<{ id: string }[]>`SELECT id FROM deleted_post WHERE id = ANY(${ids})`
  return new Set(rows.map(({ id }) => id))
}

async function readRedaction(db: Db): Promise<boolean> {
  const workspace = await db.workspace.findUnique({ where: { id: 1 }, select: { redactDeletedPosts: true } })
  return workspace?.redactDeletedPosts ?? true
}

function toIncoming(row: IncomingRow): KnownPost {
  const { id, account_id: accountId, state, reason } = row
  const waitsFor = state === 'WAITING' ? WAIT_REASONS.find((known) => known === reason) : undefined
  return {
    place: 'INCOMING',
    id,
    versionId: row.version_id ?? id,
    deleted: reason === 'DELETED',
    ...(waitsFor && { waitsFor }),
    comment: null,
    incoming: { accountId, state },
  }
}

function toComment(row: CommentRow): KnownPost {
  return {
    place: 'TICKET',
    id: row.external_id,
    versionId: row.version_id ?? row.external_id,
    deleted: row.deleted,
    comment: {
      id: row.id,
      ticketId: row.ticket_id,
      authorId: row.author_id,
      direction: row.direction,
      visibility: row.visibility,
      favorited: row.favorited,
      retweeted: row.retweeted,
    },
    incoming: null,
  }
}
