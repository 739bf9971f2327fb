/*
 * What X charges, in micro-dollars (millionths of a US dollar), so that sums are exact.
 *
 * Source: docs.x.com/x-api/getting-started/pricing, "Credit consumption details", "Webhook events", "Owned Reads" and
 * "Deduplication", as of September 2026. X charges reads per resource returned, writes per request and Activity events per
 * delivery; a resource that is read again within one UTC day is charged once (X calls that a soft guarantee). X's bill may
 * differ: its console has the last word.
 */

/** Millionths of a US dollar. */
export type MicroDollars = bigint

interface Price {
  readonly microDollars: MicroDollars
  /** Whether X's price list has it; false: our assumption, which `note` explains. */
  readonly published: boolean
  readonly note: string
}

const published = (microDollars: MicroDollars, note: string): Price => ({ microDollars, published: true, note })
const assumed = (microDollars: MicroDollars, note: string): Price => ({ microDollars, published: false, note })

/** What X charges for one unit of each kind. */
export const PRICES = {
  POST_READ: published(5_000n, 'A post that was read.'),
  OWNED_READ: published(1_000n, 'A post that the owner of the developer app read of its own timelines.'),
  USER_READ: published(10_000n, 'A profile that was looked up.'),
  DM_READ: published(10_000n, 'An event of classic direct messages that was read.'),
  CHAT_READ: assumed(10_000n, 'An XChat event that was read. X publishes no price; taken as a direct message’s.'),
  POST_CREATE: published(15_000n, 'A post that was made.'),
  POST_CREATE_WITH_URL: published(200_000n, 'A post with a link that was made.'),
  POST_CREATE_SUMMONED: published(10_000n, 'An answer to a post that mentions or quotes the account.'),
  DM_CREATE: published(15_000n, 'A direct message that was sent.'),
  CHAT_CREATE: assumed(15_000n, 'An XChat message that was sent. X publishes no price; taken as a direct message’s.'),
  POST_DELETE: published(10_000n, 'A post that was deleted by the app.'),
  POST_EVENT: published(5_000n, 'A new post that the Activity API told of.'),
  REPLY_EVENT: assumed(
    5_000n,
    'A mention, reply or quote that the Activity API told of. Not in X’s list; taken as a new post.',
  ),
  LIKE_EVENT: assumed(1_000n, 'A like that the Activity API told of. Not in X’s list; taken as a like that is read.'),
  FOLLOW_EVENT: published(10_000n, 'A follow, or its end, that the Activity API told of.'),
  DM_EVENT: published(10_000n, 'A direct message received that the Activity API told of.'),
  CHAT_EVENT: published(10_000n, 'An XChat message received that the Activity API told of.'),
  UNBILLED_EVENT: published(0n, 'An event that X does not bill, such as a deletion or a message sent.'),
  UNPRICED_EVENT: assumed(0n, 'Another event. X publishes no price; none is counted.'),
  UNPRICED: assumed(0n, 'A call for which X publishes no price, such as those about keys, subscriptions and webhooks.'),
} as const satisfies Record<string, Price>

export type SpendKind = keyof typeof PRICES
export const SPEND_KINDS = Object.keys(PRICES) as readonly SpendKind[]

/** What `units` of a kind cost. */
export const costOf = (kind: SpendKind, units: number): MicroDollars => PRICES[kind].microDollars * BigInt(units)

/** How X charges for a post. X does not say what an answer with a link costs; taken as a post with one. */
export const priceOfPost = ({ hasUrl, summoned }: { hasUrl: boolean; summoned: boolean }): SpendKind =>
  hasUrl ? 'POST_CREATE_WITH_URL' : summoned ? 'POST_CREATE_SUMMONED' : 'POST_CREATE'

interface Billing {
  readonly kind: SpendKind
  /**
   * What is charged: each such thing in `data`, once a UTC day (what is in `includes` is not counted: X does not say that
   * it charges it). Null: each call that X takes.
   */
  readonly resource: 'post' | 'user' | 'dm' | 'chat' | null
  /** Cheaper for the account that owns the developer app. */
  readonly owned?: boolean
  /** X counts it as the app's whoever calls: it publishes no limit for a user. */
  readonly shared?: boolean
}

const reads = (kind: SpendKind, resource: NonNullable<Billing['resource']>): Billing => ({ kind, resource })
const writes = (kind: SpendKind): Billing => ({ kind, resource: null })
const ownReads = (): Billing => ({ kind: 'POST_READ', resource: 'post', owned: true })
const unpriced = (): Billing => ({ kind: 'UNPRICED', resource: null })
const ofTheApp = (): Billing => ({ ...unpriced(), shared: true })

/** The calls that Perch makes, by X's names of them, and how each is charged. */
export const ENDPOINTS = {
  'GET /2/users/me': reads('USER_READ', 'user'),
  'GET /2/users/:id/mentions': ownReads(),
  'GET /2/users/:id/tweets': ownReads(),
  'GET /2/users/:id/liked_tweets': ownReads(),
  'GET /2/tweets': reads('POST_READ', 'post'),
  'GET /2/tweets/search/recent': reads('POST_READ', 'post'),
  'GET /2/dm_events': reads('DM_READ', 'dm'),
  'GET /2/users/:id/public_keys': unpriced(),
  'GET /2/chat/conversations': unpriced(),
  'GET /2/chat/conversations/:id/events': reads('CHAT_READ', 'chat'),
  'GET /2/dm_conversations/with/:participant_id/dm_events': reads('DM_READ', 'dm'),
  'POST /2/tweets': writes('POST_CREATE'),
  'POST /2/dm_conversations/with/:participant_id/messages': writes('DM_CREATE'),
  'POST /2/chat/conversations/:id/messages': writes('CHAT_CREATE'),
  'GET /2/activity/stream': ofTheApp(),
  'GET /2/activity/subscriptions': ofTheApp(),
  'POST /2/activity/subscriptions': ofTheApp(),
  'PUT /2/activity/subscriptions/:id': ofTheApp(),
  'DELETE /2/activity/subscriptions/:id': ofTheApp(),
  'GET /2/webhooks': ofTheApp(),
  'POST /2/webhooks': ofTheApp(),
  'PUT /2/webhooks/:id': ofTheApp(),
  'DELETE /2/webhooks/:id': ofTheApp(),
} as const satisfies Record<string, Billing>

export type XEndpoint = keyof typeof ENDPOINTS

/** How a call is charged. */
export const billingOf = (endpoint: XEndpoint): Billing => ENDPOINTS[endpoint]

const EVENTS: ReadonlyMap<string, SpendKind> = new Map([
  ['post.create', 'POST_EVENT'],
  ['post.mention.create', 'REPLY_EVENT'],
  ['post.reply.create', 'REPLY_EVENT'],
  ['like.create', 'LIKE_EVENT'],
  ['post.quote.create', 'REPLY_EVENT'],
  ['follow.follow', 'FOLLOW_EVENT'],
  ['follow.unfollow', 'FOLLOW_EVENT'],
  ['dm.received', 'DM_EVENT'],
  ['chat.received', 'CHAT_EVENT'],
  ['post.delete', 'UNBILLED_EVENT'],
  ['dm.sent', 'UNBILLED_EVENT'],
  ['chat.sent', 'UNBILLED_EVENT'],
])

/** How an event of the Activity API is charged, by X's name of its type. */
export const eventKind = (eventType: string): SpendKind => EVENTS.get(eventType) ?? 'UNPRICED_EVENT'
