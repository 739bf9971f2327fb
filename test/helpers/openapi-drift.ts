/*
 * Where X's real traffic differs from X's OpenAPI document (2.167), the whole list. What is not here and differs
 * is a finding. Sources: REPORT = spikes/x/REPORT.md, PAYLOADS = docs.x.com "X Activity API event payloads",
 * ERRORS = docs.x.com "Response codes & errors".
 */

/** Query parameters: traffic → document. twitter-api-v2 sends only the first. */
export const RENAMED_PARAMETERS: Readonly<Record<string, string>> = { 'tweet.fields': 'post.fields' }

/** Properties of responses, and values of fields and expansions: traffic → document (REPORT "Naming drift"). */
export const RENAMED: Readonly<Record<string, string>> = {
  tweets: 'posts',
  tweet_count: 'post_count',
  retweet_count: 'repost_count',
  edit_history_tweet_ids: 'edit_history_post_ids',
  referenced_tweets: 'referenced_posts',
  'referenced_tweets.id': 'referenced_posts',
  note_tweet: 'note_post',
  pinned_tweet_id: 'pinned_post_id',
  most_recent_tweet_id: 'most_recent_post_id',
}

/** Values that X takes although the document's enumeration lacks them. */
export const FURTHER_VALUES: Readonly<Record<string, readonly string[]>> = {
  // The document shows these by expansion only; traffic and twitter-api-v2 ask for them as fields.
  'post.fields': ['author_id', 'in_reply_to_user_id', 'referenced_posts', 'edit_history_post_ids'],
  // The document's schema DmEvent has them, and docs.x.com "Direct Messages lookup" asks for them as fields.
  'dm_event.fields': ['sender_id', 'participant_ids', 'referenced_posts'],
  // Authors of referenced posts, as docs.x.com "Expansions" has them.
  expansions: ['referenced_tweets.id.author_id', 'pinned_post_id', 'most_recent_post_id'],
}

/** Properties that X answers with although the document's schema lacks them: `Schema.property`, its schema. */
export const FURTHER_PROPERTIES: Readonly<Record<string, object>> = {
  // PAYLOADS, post.reply.create.
  'Post.in_reply_to_tweet_id': { type: 'string' },
  // PAYLOADS, like.create: the document calls it tweet_author_id and makes timestamp_ms a 32-bit number, which
  // could not hold it.
  'LikeWithPostAuthor.liked_tweet_author_id': { type: 'string' },
  'LikeWithPostAuthor.timestamp_ms': { type: 'string', pattern: '^[0-9]+$' },
  // A captured 400: what is wrong with which parameter (docs.x.com "Webhooks", "Failure").
  'InvalidRequestProblem.errors': {
    type: 'array',
    items: {
      type: 'object',
      required: ['message'],
      properties: { message: { type: 'string' }, parameters: { type: 'object' } },
      additionalProperties: false,
    },
  },
  // docs.x.com "X Activity API", quickstart: lists say how many there are; next_token as everywhere.
  'GetActivitySubscriptionsResponse.meta': {
    type: 'object',
    properties: { total_subscriptions: { type: 'integer' }, next_token: { type: 'string' } },
    additionalProperties: false,
  },
}

/** Patterns that real values do not keep to: schema, its pattern. */
export const WIDER_PATTERNS: Readonly<Record<string, string>> = {
  // PAYLOADS: of likes, follows, deletions and direct messages it is a signed number.
  ActivityEventId: '^-?[0-9]{1,19}$',
}

/** Event types that can be subscribed to although the document's enumeration lacks them (docs.x.com, "OAuth events"). */
export const FURTHER_EVENT_TYPES = ['oauth.revoke']

/** Events whose payload is in PAYLOADS and not, or not so, in the document; they have no schema here. */
export const PAYLOADS_WITHOUT_SCHEMA = [
  ...['dm.received', 'dm.sent', 'chat.received', 'chat.sent', 'oauth.revoke'],
  // PAYLOADS wraps source and target in `data`.
  ...['follow.follow', 'follow.unfollow'],
]

const problem = (types: readonly string[], further: Readonly<Record<string, object>> = {}) => ({
  type: 'object',
  required: ['type', 'title', 'detail'],
  properties: {
    type: { type: 'string', enum: types },
    title: { type: 'string' },
    detail: { type: 'string' },
    status: { type: 'integer' },
    ...further,
  },
  additionalProperties: false,
})

/** Bodies of refusals that the document's Problem does not know. */
export const FURTHER_PROBLEMS: readonly object[] = [
  // 401, missing scopes, duplicates, 429, 5xx (REPORT "Errors on the wire"); unknown accounts' tokens; wrong kinds
  // of token.
  problem([
    'about:blank',
    'https://api.x.com/2/problems/user-suspended',
    'https://api.x.com/2/problems/unsupported-authentication',
  ]),
  // ERRORS and docs.x.com "Handling disconnections".
  problem(['https://api.x.com/2/problems/streaming-connection'], { connection_issue: { type: 'string' } }),
  // 404 of a single thing: the partial errors, alone (REPORT).
  {
    type: 'object',
    required: ['errors'],
    properties: { errors: { type: 'array', minItems: 1, items: { $ref: '#/components/schemas/Problem' } } },
    additionalProperties: false,
  },
]
