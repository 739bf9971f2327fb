import { z } from 'zod'
import { isStorable } from '../domain/ticket-tags.ts'

/* What one filter may ask for, of tickets and of incoming posts alike. */

/** Entries in one list of a filter. */
const LIST_LENGTH = 100
/** Characters of a text to search for. */
const TEXT_LENGTH = 200

const tooLong = `A list in a filter has at most ${LIST_LENGTH} entries.`

/** Any list; its entries are GraphQL's to check. */
export const filterList = z.array(z.unknown()).max(LIST_LENGTH, tooLong).nullish()

/** Words to search for. */
export const filterText = z
  .string()
  .max(TEXT_LENGTH, `At most ${TEXT_LENGTH} characters can be searched for.`)
  .refine(isStorable, 'This is not text.')
  .nullish()

/** Words that are compared as they are. */
export const filterWords = z
  .array(z.string().max(TEXT_LENGTH).refine(isStorable, 'This is not text.'))
  .max(LIST_LENGTH, tooLong)
  .nullish()
