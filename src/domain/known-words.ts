/* Whether a piece of a mail was said before on its ticket. Pure, and linear in what it reads: mails may be long. */

/** What was said before. */
export interface KnownWords {
  /** Whether the piece, a line or a paragraph, was said before. A short one counts as often as it was said. */
  has(piece: string): boolean
}

/** So many words in a row are nobody's own when they were said before. */
const RUN = 4

export function createKnownWords(texts: readonly string[]): KnownWords {
  const runs = new Set<string>()
  const short = new Map<string, number>()
  for (const text of texts) {
    for (const paragraph of text.split(/\n\s*\n/)) for (const run of runsOf(wordsOf(paragraph))) runs.add(run)
    for (const line of text.split('\n')) {
      const words = wordsOf(line)
      const key = words.join(' ')
      if (words.length > 0 && words.length < RUN) short.set(key, (short.get(key) ?? 0) + 1)
    }
  }
  return {
    has(piece) {
      const words = wordsOf(piece)
      if (words.length >= RUN) return runsOf(words).every((run) => runs.has(run))
      // "Yes" below a question is the customer's, though somebody said yes before: that one stands elsewhere in the mail.
      const key = words.join(' ')
      const left = short.get(key) ?? 0
      if (left > 0) short.set(key, left - 1)
      return left > 0
    },
  }
}

/** Without the addresses that mail programs repeat behind a link. */
const wordsOf = (text: string): string[] =>
  text
    .replaceAll(/[<[](?:https?:|mailto:)[^<>[\]\s]{1,500}[>\]]/gi, ' ')
    .split(/\s+/)
    .filter((word) => word !== '')

const runsOf = (words: readonly string[]): string[] =>
  words.slice(0, Math.max(0, words.length - RUN + 1)).map((_, at) => words.slice(at, at + RUN).join(' '))
