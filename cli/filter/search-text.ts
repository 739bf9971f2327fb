import type { Span } from './filter-error.ts'
import type { Search } from './grammar.ts'
import { TEXT_LENGTH } from './ticket-filter.ts'

/** The words of a filter as the API's `text`: all of them, "quoted" together, -without. Undefined where there are none. */
export function searchText(
  searches: readonly Search[],
  refuse: (span: Span, what: string) => never,
): string | undefined {
  const [first] = searches
  if (!first) return undefined
  // Of a ticket's texts, each is searched by itself: nearly every ticket has one that is without the word.
  if (searches.every(({ not }) => not))
    refuse(first, 'words can only be excluded beside others: it would find tickets that have them elsewhere.')
  const text = searches.map((search) => `${search.not ? '-' : ''}${spelled(search, refuse)}`).join(' ')
  if (text.length > TEXT_LENGTH) refuse(first, `at most ${TEXT_LENGTH} characters can be searched for.`)
  return text
}

function spelled(search: Search, refuse: (span: Span, what: string) => never): string {
  const { text, quoted } = search
  // What has none of them is no word to the search, which would pass over it in silence.
  if (!/[\p{L}\p{N}]/u.test(text)) refuse(search, 'expected a word, with a letter or a digit.')
  if (text.includes('"')) refuse(search, 'a quote cannot be searched for.')
  if (quoted) return `"${text}"`
  if (/^(AND|OR|NOT)$/.test(text))
    refuse(
      search,
      `there is no ${text}: all terms must hold; field:a,b is any of them, - excludes. Quote it to search for it.`,
    )
  if (text.includes(','))
    refuse(search, 'a comma means "one of" behind a field only. Quote the words to search for them together.')
  if (/[()]/.test(text))
    refuse(search, 'there are no parentheses: all terms must hold. Quote the word to search for it.')
  // The search takes a bare `or` for the operator.
  return /^or$/i.test(text) ? `"${text}"` : text
}
