import { grammar } from 'ohm-js'
import { FilterError, type Span } from './filter-error.ts'

/** A text as it was meant, and where it stands. */
export interface Word extends Span {
  readonly text: string
}

/** `field:value,value`, `field<value`, `field>value`; `-` before it: not. */
export interface Condition extends Span {
  readonly kind: 'condition'
  readonly not: boolean
  readonly field: Word
  readonly sign: ':' | '<' | '>'
  readonly values: readonly Word[]
}

/** A word or "quoted words" to search for; `-` before it: not. */
export interface Search extends Word {
  readonly kind: 'search'
  readonly not: boolean
  readonly quoted: boolean
}

export type Term = Condition | Search

// Lower-case rules throughout: in this language spaces mean something.
const language = grammar(String.raw`
  Filter {
    filter = blank* listOf<term, blank+> blank* end
    term = condition | search

    condition = "-"? field sign values
    field (a field such as status:) = letter+
    sign (":", "<" or ">") = ":" | "<" | ">"
    values = nonemptyListOf<value, ",">
    value = quoted | bare
    bare (a value) = (~(blank | "," | "\"" | "<" | ">") any)+

    search = "-"? (quoted | word)
    word (a word) = (~(blank | ":" | "\"" | "<" | ">") any)+

    quoted = "\"" character* "\""
    character = "\\" ("\"" | "\\")  -- escaped
              | ~("\"" | "\\") any  -- plain
    // What keyboards and web pages put in place of a space, too: unseen, it would make one word of two terms.
    blank (a space) = space | "\u0085" | "\u00a0" | "\u1680" | "\u2000".."\u200b" | "\u2028" | "\u2029" | "\u202f"
      | "\u205f" | "\u3000" | "\ufeff"
  }
`)

const semantics = language.createSemantics()

semantics.addOperation<Term[]>('terms()', {
  filter: (_before, terms, _after, _end) => terms.asIteration().children.map((term) => term['term']()),
})

semantics.addOperation<Term>('term()', {
  term: (term) => term['term'](),
  condition: function (minus, field, sign, values) {
    const { startIdx: start, endIdx: end } = this.source
    return {
      kind: 'condition',
      start,
      end,
      not: minus.numChildren > 0,
      field: field['word'](),
      sign: sign.sourceString as Condition['sign'],
      values: values.asIteration().children.map((value) => value['word']()),
    }
  },
  search: function (minus, what) {
    const quoted = what.ctorName === 'quoted'
    const { startIdx: start, endIdx: end } = this.source
    return { kind: 'search', start, end, not: minus.numChildren > 0, quoted, text: what['word']().text }
  },
})

semantics.addOperation<Word>('word()', {
  _nonterminal: function (...children) {
    if (this.ctorName === 'value') return children[0]?.['word']()
    const { startIdx: start, endIdx: end } = this.source
    return { start, end, text: this.sourceString }
  },
  quoted: function (_open, characters, _close) {
    const { startIdx: start, endIdx: end } = this.source
    return { start, end, text: characters.sourceString.replaceAll(/\\(["\\])/g, '$1') }
  },
})

/** The terms of a filter's text, in order; none of an empty text. Throws FilterError where it cannot be read. */
export function readTerms(source: string): readonly Term[] {
  const match = language.match(source)
  if (match.failed()) throw new FilterError(source, ...refusal(source, match.getRightmostFailurePosition(), match))
  return semantics(match)['terms']()
}

function refusal(source: string, start: number, { shortMessage }: { shortMessage?: string }): [Span, string] {
  const next = source.codePointAt(start)
  const sign = next === undefined ? '' : String.fromCodePoint(next)
  const span = { start, end: start + sign.length }
  if (/[:<>]/.test(sign) && /(^|[\s-])$/.test(source.slice(0, start)))
    return [span, `\`${sign}\` stands right behind a field, without a space before it.`]
  const open = openQuote(source)
  if (sign === '' && open !== undefined)
    return [{ start: open, end: open + 1 }, 'this quote is not closed; inside quotes, a quote is written \\".']
  if (source[start - 1] === '\\') return [span, 'inside quotes, `\\` is written `\\\\`, and a quote `\\"`.']
  // What ohm says begins with the place, which is said already, in its own way of counting.
  const expected = (shortMessage ?? 'this cannot be read').replace(/^Line \d+, col \d+: /, '')
  return [span, `${expected.replace('end of input', 'a space or the end').replace('"\\""', 'a quoted one')}.`]
}

/** Where a quote begins that never ends. */
function openQuote(source: string): number | undefined {
  const rest = source.replace(/"(?:\\["\\]|[^"\\])*"/g, (quoted) => ' '.repeat(quoted.length))
  const at = rest.indexOf('"')
  return at < 0 ? undefined : at
}
