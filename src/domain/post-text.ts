import twitterText from 'twitter-text'

/*
 * How long a public post is, by X's count (F37): docs.x.com, "Counting characters"; twitter-text, configuration v3. Links
 * are 23, emoji and most scripts outside Latin are 2 a character, text is counted in NFC. The mentions with which X itself
 * begins an answer are not counted, whether they are typed or left to X.
 */

/** X's limit for a post, in weighted characters. */
export const POST_LENGTH = 280

export interface PostLength {
  readonly weighted: number
  /** What is left of POST_LENGTH; negative: so much too long. */
  readonly left: number
}

/** The text as it is sent: NFC, without white space around it. */
export const normalisePost = (text: string): string => text.normalize('NFC').trim()

/**
 * The length of an answer. `participants` are the handles, without @, of those whom X names in front of it: the author of
 * the post that is answered, and whom it mentions.
 */
export function measurePost(text: string, participants: readonly string[] = []): PostLength {
  const said = normalisePost(text)
  const own = said.slice(leadingMentions(said, participants))
  const weighted = own === '' ? 0 : twitterText.parseTweet(own).weightedLength
  return { weighted, left: POST_LENGTH - weighted }
}

/** What is wrong with the text of an answer; undefined when nothing is. */
export function postProblem(text: string, participants: readonly string[] = []): string | undefined {
  const said = normalisePost(text)
  if (said.slice(leadingMentions(said, participants)) === '') return 'A post cannot be empty.'
  if (twitterText.hasInvalidCharacters(said)) return 'The text holds characters that X does not take.'
  const { weighted, left } = measurePost(said, participants)
  if (left >= 0) return undefined
  const excess = `${-left} ${left === -1 ? 'character' : 'characters'}`
  return `A post has at most ${POST_LENGTH} characters as X counts them; this has ${weighted}, ${excess} too many.`
}

/** Whether X finds a link in it, and charges accordingly. */
export const hasLink = (text: string): boolean => twitterText.extractUrls(normalisePost(text)).length > 0

/** Handles that a text names, in lower case, without @. */
export const mentionsIn = (text: string): readonly string[] =>
  twitterText.extractMentions(text).map((handle) => handle.toLowerCase())

/** X names no more than these in front of an answer. */
const MOST_LEADING = 50

/** How many UTF-16 units at the beginning are mentions of participants and the white space after them. */
function leadingMentions(text: string, participants: readonly string[]): number {
  const known = new Set(participants.map((handle) => handle.toLowerCase()))
  const mention = /@([A-Za-z0-9_]{1,15})(?:\s+|$)/y
  let end = 0
  for (let count = 0; count < MOST_LEADING; count++) {
    mention.lastIndex = end
    const handle = mention.exec(text)?.[1]
    if (handle === undefined || !known.has(handle.toLowerCase())) break
    end = mention.lastIndex
  }
  return end
}

/**
 * Whether X's copy of a post says what we sent. X puts mentions in front, replaces links by its own (t.co), and writes
 * `&`, `<` and `>` as entities.
 */
export function saysTheSame(sent: string, found: string): boolean {
  return bare(sent) === bare(decodeEntities(found))
}

const ENTITIES: Readonly<Record<string, string>> = { '&lt;': '<', '&gt;': '>', '&amp;': '&' }
const decodeEntities = (text: string): string => text.replace(/&(?:lt|gt|amp);/g, (entity) => ENTITIES[entity] ?? '')

function bare(text: string): string {
  const said = normalisePost(text)
  const links = twitterText.extractUrlsWithIndices(said)
  let rest = ''
  let from = 0
  for (const { indices } of links) {
    rest += `${said.slice(from, indices[0])}\u0000`
    from = indices[1]
  }
  rest += said.slice(from)
  return rest
    .replace(/^(?:@[A-Za-z0-9_]{1,15}\s+)+/, '')
    .replace(/\s+/g, ' ')
    .trim()
}
