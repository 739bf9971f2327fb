import type { Directory, Name, NameKind } from './directory.ts'
import { FilterError, type Span } from './filter-error.ts'
import { type Condition, readTerms, type Search, type Word } from './grammar.ts'
import { momentOf } from './moment.ts'
import { searchText } from './search-text.ts'
import { CHANNELS, LIST_LENGTH, PRIORITIES, STATUSES, type TicketFilter } from './ticket-filter.ts'

/** A filter whose text was read; what it names is still to be found. */
export interface ParsedFilter {
  /** Whether it asks for nothing in particular: all tickets. */
  readonly empty: boolean
  /** Names that only the server can tell the meaning of. */
  readonly names: readonly Name[]
  /** The GraphQL input. Throws FilterError at a name that the directory does not find. */
  toInput(directory: Directory): TicketFilter
}

export interface FilterOptions {
  /** For live events, which know a ticket's fields alone: no words, no times, no `deleted`. */
  readonly live?: boolean
}

/** What to put into the filter, once names can be found. */
type Part = (find: (kind: NameKind, word: Word) => string) => TicketFilter

interface Field {
  readonly live: boolean
  readonly part: (condition: Condition, refuse: Refuse) => Part
  readonly names?: NameKind
}

type Refuse = (span: Span, what: string) => never

const oneOf = (key: 'statuses' | 'channels' | 'priorities', known: readonly string[]): Field => ({
  live: true,
  part: ({ values }, refuse) => {
    const meant = values.map((value) => {
      const found = known.find((name) => name === value.text.toUpperCase())
      return found ?? refuse(value, `expected ${listed(known)}.`)
    })
    return () => ({ [key]: meant })
  },
})

const named = (key: 'accountIds' | 'requesterIds' | 'groupIds', kind: NameKind): Field => ({
  live: true,
  names: kind,
  part: (condition) => (find) => ({ [key]: condition.values.map((value) => find(kind, value)) }),
})

const isNobody = ({ text }: Word): boolean => text.toLowerCase() === 'none'
const assignee: Field = {
  live: true,
  names: 'agent',
  part:
    ({ values }) =>
    (find) => {
      const people = values.filter((value) => !isNobody(value))
      return {
        ...(people.length < values.length && { unassigned: true }),
        ...(people.length > 0 && { assigneeIds: people.map((value) => find('agent', value)) }),
      }
    },
}

const deleted: Field = {
  live: false,
  part: ({ values: [value, second] }, refuse) => {
    const meant = value?.text.toLowerCase()
    if (second) refuse(second, 'expected one value.')
    if (value && meant !== 'true' && meant !== 'false') refuse(value, 'expected true or false.')
    return () => ({ deleted: meant === 'true' })
  },
}

const FIELDS: Readonly<Record<string, Field>> = {
  status: oneOf('statuses', STATUSES),
  channel: oneOf('channels', CHANNELS),
  priority: oneOf('priorities', PRIORITIES),
  account: named('accountIds', 'account'),
  requester: named('requesterIds', 'user'),
  assignee,
  group: named('groupIds', 'group'),
  deleted,
}
const MOMENTS = ['created', 'updated'] as const

/** Every field that a filter can name. */
export const FIELD_NAMES: readonly string[] = [...Object.keys(FIELDS), 'tag', ...MOMENTS]

/** Reads the text form of a filter: docs/filters.md. Throws FilterError, whose message points at the column. */
export function parseFilter(source: string, { live = false }: FilterOptions = {}): ParsedFilter {
  const refuse: Refuse = (span, what) => {
    throw new FilterError(source, span, what)
  }
  const terms = readTerms(source)
  const conditions = terms.filter((term): term is Condition => term.kind === 'condition')
  const searches = terms.filter((term): term is Search => term.kind === 'search')
  const names: Name[] = []
  const seen = new Map<string, Condition>()
  const tags: Condition[] = []

  const partOf = (condition: Condition): Part => {
    const { field, sign, values, not } = condition
    const name = field.text.toLowerCase()
    const known = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined
    const moment = MOMENTS.find((each) => each === name)
    if (!known && !moment && name !== 'tag')
      refuse(field, `there is no such field; expected ${listed(FIELD_NAMES)}. A word with \`${sign}\` in it is quoted.`)
    if (live && (moment || known?.live === false)) refuse(field, 'events cannot be filtered by this.')
    if (not && name !== 'tag')
      refuse({ start: condition.start, end: condition.start + 1 }, 'only tags can be excluded.')
    // A script whose variable is not set must not find, or leave out, other tickets than was meant.
    const empty = values.find(({ text }) => text.trim() === '')
    if (empty) refuse(empty, 'this value is empty.')
    const tooMany = values[LIST_LENGTH]
    if (tooMany) refuse(tooMany, `a list has at most ${LIST_LENGTH} entries.`)
    if (moment) {
      once(seen, `${name}${sign}`, condition, refuse)
      return momentPart(moment, condition, refuse)
    }
    if (sign !== ':') {
      const [start, end] = [field.end, field.end + 1]
      refuse({ start, end }, `expected \`:\`; only ${listed(MOMENTS)} are compared with < and >.`)
    }
    if (!known) {
      tags.push(condition)
      return () => ({})
    }
    once(seen, name, condition, refuse)
    for (const value of values)
      if (known.names && !(known === assignee && isNobody(value))) names.push({ kind: known.names, text: value.text })
    return known.part(condition, refuse)
  }

  const parts = conditions.map(partOf)
  parts.push(tagsPart(tags, refuse))
  const [firstSearch] = searches
  if (live && firstSearch) refuse(firstSearch, 'events cannot be searched for words.')
  const text = searchText(searches, refuse)
  return {
    empty: terms.length === 0,
    names,
    toInput: (directory) => {
      const find = (kind: NameKind, word: Word): string => {
        const found = directory.find({ kind, text: word.text })
        return 'id' in found ? found.id : refuse(word, found.wrong)
      }
      return Object.assign({}, ...parts.map((part) => part(find)), text === undefined ? {} : { text })
    },
  }
}

function once(seen: Map<string, Condition>, key: string, condition: Condition, refuse: Refuse): void {
  if (seen.has(key)) {
    const several = condition.sign === ':' && condition.field.text.toLowerCase() !== 'deleted'
    const hint = several ? `; for any of several, write ${condition.field.text}:one,other` : ''
    refuse(condition, `all terms must hold, and this field stands here a second time${hint}.`)
  }
  seen.set(key, condition)
}

function momentPart(name: (typeof MOMENTS)[number], { field, sign, values }: Condition, refuse: Refuse): Part {
  const [value, second] = values
  if (sign === ':') refuse({ start: field.end, end: field.end + 1 }, 'expected < (before) or > (after).')
  if (second) refuse(second, 'expected one time.')
  const moment = value && momentOf(value.text)
  if (value && moment === undefined)
    refuse(value, 'expected a date such as 2026-11-01 (its beginning, UTC) or a time such as 2026-11-01T09:30Z.')
  return () => ({ [`${name}${sign === '>' ? 'After' : 'Before'}`]: moment })
}

/** `tag:a,b`: one of them. Several `tag:`: all of them. `-tag:a,b`: none of them. */
function tagsPart(conditions: readonly Condition[], refuse: Refuse): Part {
  const texts = (chosen: readonly Condition[]) => chosen.flatMap(({ values }) => values.map(({ text }) => text))
  const wanted = conditions.filter(({ not }) => !not)
  const [anyOf, second] = wanted.filter(({ values }) => values.length > 1)
  if (second) refuse(second, 'only one `tag:` can be a list; several `tag:` with one tag each must all hold.')
  const allOf = wanted.filter(({ values }) => values.length === 1)
  const noneOf = conditions.filter(({ not }) => not)
  for (const chosen of [allOf, noneOf]) {
    const tooMany = chosen.find((_condition, index) => texts(chosen.slice(0, index + 1)).length > LIST_LENGTH)
    if (tooMany) refuse(tooMany, `at most ${LIST_LENGTH} tags can be named so.`)
  }
  if (conditions.length === 0) return () => ({})
  return () => ({
    tags: {
      ...(anyOf && { anyOf: texts([anyOf]) }),
      ...(allOf.length > 0 && { allOf: texts(allOf) }),
      ...(noneOf.length > 0 && { noneOf: texts(noneOf) }),
    },
  })
}

/** The names with commas and an `or`. */
export function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}
