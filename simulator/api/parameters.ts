import { invalidRequest } from '../http/problems.ts'

/*
 * Query parameters as X checks them: an unknown name or value is a 400 that says which. Names and values of the
 * OpenAPI document ("post") and of real traffic ("tweet") both count; in here they are "tweet".
 */

const OLD_NAMES: Readonly<Record<string, string>> = {
  'post.fields': 'tweet.fields',
  edit_history_post_ids: 'edit_history_tweet_ids',
  note_post: 'note_tweet',
  referenced_posts: 'referenced_tweets.id',
  'referenced_posts.id': 'referenced_tweets.id',
  'referenced_posts.author_id': 'referenced_tweets.id.author_id',
  'referenced_posts.id.author_id': 'referenced_tweets.id.author_id',
  pinned_post_id: 'pinned_tweet_id',
  most_recent_post_id: 'most_recent_tweet_id',
}

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  'tweet.fields': [
    ...['article', 'article_title', 'attachments', 'author_id', 'card_uri', 'community_id', 'context_annotations'],
    ...['conversation_id', 'created_at', 'display_text_range', 'edit_controls', 'edit_history_tweet_ids', 'entities'],
    ...['geo', 'id', 'in_reply_to_user_id', 'lang', 'media_metadata', 'non_public_metrics', 'note_tweet'],
    ...['organic_metrics', 'possibly_sensitive', 'promoted_metrics', 'public_metrics', 'referenced_tweets'],
    ...['reply_settings', 'scopes', 'source', 'text', 'withheld', 'paid_partnership'],
  ],
  'user.fields': [
    ...['affiliation', 'confirmed_email', 'connection_status', 'created_at', 'description', 'entities', 'id'],
    ...['is_identity_verified', 'location', 'most_recent_tweet_id', 'name', 'parody', 'pinned_tweet_id'],
    ...['profile_banner_url', 'profile_image_url', 'protected', 'public_metrics', 'receives_your_dm', 'subscription'],
    ...['subscription_type', 'url', 'username', 'verified', 'verified_followers_count', 'verified_type', 'withheld'],
  ],
  'dm_event.fields': [
    ...['attachments', 'created_at', 'dm_conversation_id', 'entities', 'event_type', 'id', 'participant_ids'],
    ...['referenced_tweets', 'sender_id', 'text'],
  ],
}

const POST_EXPANSIONS = [
  ...['article.cover_media', 'article.media_entities', 'attachments.media_keys', 'attachments.media_source_tweet'],
  ...[
    'attachments.poll_ids',
    'author_id',
    'author_screen_name',
    'edit_history_tweet_ids',
    'entities.mentions.username',
  ],
  ...['geo.place_id', 'in_reply_to_user_id', 'referenced_tweets.id', 'referenced_tweets.id.author_id'],
]
const EXPANSIONS = {
  post: POST_EXPANSIONS,
  user: ['affiliation.user_id', 'affiliation', 'most_recent_tweet_id', 'pinned_tweet_id'],
  direct: ['attachments.media_keys', 'participant_ids', 'referenced_tweets.id', 'sender_id'],
}

/** What a caller wants to see of each thing. */
export interface Selection {
  readonly tweet: ReadonlySet<string>
  readonly user: ReadonlySet<string>
  /** Of direct messages' events. */
  readonly direct: ReadonlySet<string>
  readonly expansions: ReadonlySet<string>
}

const FIELD_PARAMETERS = ['tweet.fields', 'post.fields', 'user.fields', 'expansions']
const OTHER_FIELDS = ['media.fields', 'poll.fields', 'place.fields']

/** Reads fields and expansions; `others` are the further parameters that the endpoint knows. */
export function readSelection(
  query: URLSearchParams,
  kind: 'post' | 'user' | 'direct',
  others: readonly string[],
): Selection {
  const ofKind = kind === 'direct' ? ['dm_event.fields'] : []
  rejectUnknown(query, [...FIELD_PARAMETERS, ...OTHER_FIELDS, ...ofKind, ...others])
  const fields = (name: string) => new Set([...list(query, name)].flatMap((value) => known(name, value, FIELDS[name])))
  const tweet = fields('tweet.fields')
  for (const value of list(query, 'post.fields')) {
    for (const name of known('post.fields', value, FIELDS['tweet.fields'])) tweet.add(name)
  }
  return {
    tweet,
    user: fields('user.fields'),
    direct: fields('dm_event.fields'),
    expansions: new Set(
      [...list(query, 'expansions')].flatMap((value) => known('expansions', value, EXPANSIONS[kind])),
    ),
  }
}

export function rejectUnknown(query: URLSearchParams, names: readonly string[]): void {
  for (const name of query.keys()) {
    if (!names.includes(name)) {
      const known = names.map((known) => known).join(',')
      throw invalidRequest(`The query parameter [${name}] is not one of [${known}]`, { [name]: query.getAll(name) })
    }
  }
}

function known(parameter: string, value: string, allowed: readonly string[] = []): string[] {
  const renamed = OLD_NAMES[value] ?? value
  // The field is called referenced_tweets, the expansion referenced_tweets.id; the document has one name for both.
  const found = [renamed, renamed.replace(/\.id$/, '')].find((name) => allowed.includes(name))
  if (found !== undefined) return [found]
  throw invalidRequest(`The \`${parameter}\` query parameter value [${value}] is not one of [${allowed.join(',')}]`, {
    [parameter]: [value],
  })
}

function list(query: URLSearchParams, name: string): Set<string> {
  const given = query.get(name)
  if (given === null) return new Set()
  const values = given.split(',')
  if (values.includes('')) throw invalidRequest(`The \`${name}\` query parameter can not be empty`, { [name]: [given] })
  return new Set(values)
}

export function readInteger(query: URLSearchParams, name: string, min: number, max: number, otherwise: number): number {
  const given = query.get(name)
  if (given === null) return otherwise
  const value = Number(given)
  if (/^\d{1,9}$/.test(given) && value >= min && value <= max) return value
  throw invalidRequest(`The \`${name}\` query parameter value [${given}] is not between ${min} and ${max}`, {
    [name]: [given],
  })
}

export function readId(query: URLSearchParams, name: string): string | undefined {
  const given = query.get(name)
  return given === null ? undefined : checkId(name, given)
}

export function checkId(name: string, value: string): string {
  if (/^[0-9]{1,19}$/.test(value)) return value
  throw invalidRequest(`The \`${name}\` query parameter value [${value}] is not valid`, { [name]: [value] })
}

export function readTime(query: URLSearchParams, name: string): Date | undefined {
  const given = query.get(name)
  if (given === null) return undefined
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(given) && !Number.isNaN(Date.parse(given))) {
    return new Date(given)
  }
  throw invalidRequest(`The \`${name}\` query parameter value [${given}] is not a valid RFC3339 time`, {
    [name]: [given],
  })
}

/** A required, comma-separated list of 1 to 100 values. */
export function readList(query: URLSearchParams, name: string, pattern: RegExp): string[] {
  const given = query.get(name)
  if (given === null) throw invalidRequest(`The \`${name}\` query parameter can not be empty`, { [name]: [] })
  const values = given.split(',')
  const wrong = values.find((value) => !pattern.test(value))
  if (wrong !== undefined) {
    throw invalidRequest(`The \`${name}\` query parameter value [${wrong}] is not valid`, { [name]: [wrong] })
  }
  if (values.length > 100) throw invalidRequest(`Too many values of \`${name}\`: at most 100`, { [name]: [given] })
  return [...new Set(values)]
}
