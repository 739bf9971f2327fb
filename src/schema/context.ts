import type { Accounts } from '../accounts/accounts.ts'
import type { BulkUpdates } from '../bulk/bulk-updates.ts'
import type { Position } from '../domain/position.ts'
import type { Audience } from '../domain/visibility.ts'
import type { PrismaClient } from '../generated/prisma/client.ts'
import type { IncomingPosts } from '../ingest/incoming-posts.ts'
import type { Replies } from '../outbound/replies.ts'
import type { Feed } from '../pubsub/feed.ts'
import type { Profiles } from '../requesters/requesters.ts'
import type { Store } from '../store/store.ts'

/** Who asks, as admission found it: the token's subject, checked against the database. */
export interface Viewer extends Audience {
  /** The place in the log that this was read at. Absent: as of now. */
  readonly asOf?: Position
  /** Of who came by the requester's page: the generation of their session. */
  readonly session?: number
}

/** What a resolver may reach. Built by admission, the same for every door. */
export interface Context {
  /**
   * Null when no token was sent; then only `__typename` and introspection answer. While a subscription lives, it
   * follows what the log says of the person (live.ts).
   */
  viewer: Viewer | null
  /** The viewer as the door knows them by now, which looks at them again while the operation runs. */
  readonly latestViewer: () => Viewer | null
  readonly prisma: PrismaClient
  readonly store: Store
  readonly feed: Feed
  readonly accounts: Accounts
  readonly incomingPosts: IncomingPosts
  readonly profiles: Profiles
  readonly replies: Replies
  readonly bulkUpdates: BulkUpdates
  /** Aborts when the operation must end: the token expired or the user was deactivated, the client left, the server stops. */
  readonly signal: AbortSignal
}
