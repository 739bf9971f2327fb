import type { Mention, XPost, XUser } from './model.ts'
import { MAX_TEXT, weightOf } from './weight.ts'

const MENTION = /(?<![\w@])@(\w{1,15})(?![\w@])/g
const LEADING_MENTION = /^@(\w{1,15})(?![\w@])\s*/
const HASHTAG = /(?<![\w#&])#(\p{L}[\p{L}\p{N}_]*)/gu
const URL_IN_TEXT = /https?:\/\/\S+/g

export const codePoints = (text: string): number => [...text].length

/** X escapes exactly these three in texts. */
const escapeText = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

interface Found {
  readonly start: number
  readonly end: number
  readonly value: string
}

function find(text: string, pattern: RegExp): Found[] {
  return [...text.matchAll(pattern)].map((match) => {
    const start = codePoints(text.slice(0, match.index))
    return { start, end: start + codePoints(match[0]), value: match[1] ?? match[0] }
  })
}

/** The @names in a text, in order. */
export const mentionedNames = (text: string): string[] => find(text, MENTION).map(({ value }) => value)

export interface Composed {
  readonly text: string
  readonly longText: string | undefined
  readonly visibleFrom: number
  readonly mentions: readonly Mention[]
  readonly explicitMentionIds: ReadonlySet<string>
}

/**
 * The text that X shows for what an author typed. A reply carries its addressees in front: the author of the
 * post answered and everybody that post mentions, without the author of the reply and those already typed there.
 */
export function compose(
  typed: string,
  author: XUser,
  parent: XPost | undefined,
  userOf: (idOrName: string) => XUser | undefined,
): Composed {
  const addressees = parent ? addresseesOf(typed, author, parent, userOf) : []
  const prefix = addressees.map(({ username }) => `@${username} `).join('')
  const whole = prefix + escapeText(typed)
  const long = weightIn(typed, author, parent, userOf) > MAX_TEXT
  const text = long ? `${[...whole].slice(0, MAX_TEXT - 1).join('')}…` : whole
  const known = (found: Found): Mention[] => {
    const user = userOf(found.value)
    return user ? [{ start: found.start, end: found.end, id: user.id, username: user.username }] : []
  }
  const explicit = mentionedNames(typed).flatMap((name) => userOf(name)?.id ?? [])
  return {
    text,
    longText: long ? whole : undefined,
    visibleFrom: codePoints(prefix),
    mentions: find(text, MENTION).flatMap(known),
    explicitMentionIds: new Set(explicit),
  }
}

/** Longest text of a repost, in code points: what is longer is cut, the original has it whole. */
const MAX_REPOST = 140

/** A repost's text: whose words they are, in front. Nobody typed it, so nobody is told of a mention in it. */
export function composeRepost(
  original: XPost,
  author: XUser,
  userOf: (idOrName: string) => XUser | undefined,
): Pick<XPost, 'typed' | 'text' | 'mentions'> {
  const whole = [...`RT @${author.username}: ${original.text}`]
  const text = whole.length > MAX_REPOST ? `${whole.slice(0, MAX_REPOST - 1).join('')}…` : whole.join('')
  const mentions = find(text, MENTION).flatMap(({ start, end, value }) => {
    const user = userOf(value)
    return user ? [{ start, end, id: user.id, username: user.username }] : []
  })
  return { typed: text, text, mentions }
}

function addresseesOf(
  typed: string,
  author: XUser,
  parent: XPost,
  userOf: (idOrName: string) => XUser | undefined,
): XUser[] {
  const alreadyTyped = new Set<string>()
  let rest = typed
  for (let match = LEADING_MENTION.exec(rest); match; match = LEADING_MENTION.exec(rest)) {
    alreadyTyped.add((match[1] ?? '').toLowerCase())
    rest = rest.slice(match[0].length)
  }
  const ids = new Set([parent.authorId, ...parent.mentions.map(({ id }) => id)])
  ids.delete(author.id)
  return [...ids].flatMap((id) => {
    const user = userOf(id)
    return user && !alreadyTyped.has(user.username.toLowerCase()) ? [user] : []
  })
}

/** The length by X's count of what an author types, in answer to `parent` if there is one. */
export function weightIn(
  typed: string,
  author: XUser,
  parent: XPost | undefined,
  userOf: (idOrName: string) => XUser | undefined,
): number {
  const addressees = parent ? addresseesOf('', author, parent, userOf) : []
  return weightOf(typed, new Set(addressees.map(({ username }) => username.toLowerCase())))
}

/** X's `entities` of a text; undefined when it has none. */
export function entitiesOf(text: string, mentions: readonly Mention[]): Record<string, unknown> | undefined {
  const hashtags = find(text, HASHTAG).map(({ start, end, value }) => ({ start, end, tag: value }))
  const urls = find(text, URL_IN_TEXT).map(({ start, end, value }) => ({
    start,
    end,
    url: value,
    expanded_url: value,
    display_url: value.replace(/^https?:\/\//, ''),
  }))
  const entities = {
    ...(mentions.length > 0 && { mentions }),
    ...(hashtags.length > 0 && { hashtags }),
    ...(urls.length > 0 && { urls }),
  }
  return Object.keys(entities).length > 0 ? entities : undefined
}
