/*
 * Tags in their normal form: lower-case, without spaces, each once. Everything that stores or
 * compares tags goes through here, so "VIP " and "vip" are one tag everywhere.
 */

/** Characters in a tag. */
const TAG_LENGTH = 50
/** Tags on a ticket. */
export const TAG_COUNT = 100

/** The normal form of a tag: spaces around it dropped, those within it made underscores. */
export const normaliseTag = (tag: string): string => tag.trim().toLowerCase().replace(/\s+/gu, '_')

/** Why a tag (in its normal form) cannot be kept; undefined when it can. */
export function tagProblem(tag: string): string | undefined {
  if (tag === '') return 'A tag cannot be empty.'
  if ([...tag].length > TAG_LENGTH) return `A tag has at most ${TAG_LENGTH} characters.`
  if (!isStorable(tag)) return 'A tag cannot hold characters that are not text.'
  return undefined
}

/** False for text that PostgreSQL refuses: NUL, and halves of a surrogate pair. */
export function isStorable(text: string): boolean {
  return !text.includes('\u0000') && !/\p{Surrogate}/u.test(text)
}
