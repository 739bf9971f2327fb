import twitterText from 'twitter-text'

/** Longest text of a post without a paid account, in weighted characters (docs.x.com, "Counting characters"). */
export const MAX_TEXT = 280

/** X puts no more mentions than these in front of an answer without counting them. */
const MOST_LEADING = 50
const LEADING_MENTION = /^@(\w{1,15})(?![\w@])\s*/

/**
 * The length of a post by X's count (twitter-text, configuration v3): a link is 23, emoji and most scripts outside Latin
 * are 2 a character. `addressees` are the names, in lower case, of those whom the answer is for: typed in front, they do
 * not count.
 */
export function weightOf(typed: string, addressees: ReadonlySet<string>): number {
  let rest = typed.normalize('NFC').trim()
  for (let count = 0; count < MOST_LEADING; count++) {
    const match = LEADING_MENTION.exec(rest)
    if (!match || !addressees.has((match[1] ?? '').toLowerCase())) break
    rest = rest.slice(match[0].length)
  }
  return rest === '' ? 0 : twitterText.parseTweet(rest).weightedLength
}
