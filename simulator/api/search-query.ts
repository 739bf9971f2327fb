import type { XPost } from '../world/model.ts'
import { mentionedNames } from '../world/text.ts'
import type { World } from '../world/world.ts'

/*
 * X's search grammar, the part that support software needs:
 *   query = all { "OR" all } ; all = term { term } ; term = [ "-" ] ( "(" query ")" | operator | @user | #tag | word )
 * AND binds closer than OR, as X documents.
 */

type Predicate = (post: XPost) => boolean

/** The query makes no sense; the message says where. */
export class QueryError extends Error {
  override readonly name = 'QueryError'
}

const TOKEN = /\s*(\(|\)|-(?=\S)|"[^"]*"|[^\s()]+)/y

function tokenize(text: string): string[] {
  const tokens: string[] = []
  const source = text.trim()
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < source.length) {
    const at = TOKEN.lastIndex
    const match = TOKEN.exec(source)
    if (!match?.[1]) throw new QueryError(`unexpected character (at position ${at + 1})`)
    tokens.push(match[1])
  }
  return tokens
}

/** A predicate over posts. Throws QueryError. */
export function parseQuery(text: string, world: World): Predicate {
  const tokens = tokenize(text)
  let position = 0

  const parseAny = (): Predicate => {
    const branches = [parseAll()]
    while (tokens[position] === 'OR') {
      position += 1
      branches.push(parseAll())
    }
    return (post) => branches.some((branch) => branch(post))
  }

  const parseAll = (): Predicate => {
    const terms: Predicate[] = []
    for (
      let token = tokens[position];
      token !== undefined && token !== 'OR' && token !== ')';
      token = tokens[position]
    ) {
      terms.push(parseTerm())
    }
    if (terms.length === 0) throw new QueryError(`missing a term (at token ${position + 1})`)
    return (post) => terms.every((term) => term(post))
  }

  const parseTerm = (): Predicate => {
    const token = tokens[position] ?? ''
    position += 1
    if (token === '-') {
      const negated = parseTerm()
      return (post) => !negated(post)
    }
    if (token !== '(') return operator(token, world)
    const inner = parseAny()
    if (tokens[position] !== ')') throw new QueryError('missing a closing parenthesis')
    position += 1
    return inner
  }

  const query = parseAny()
  if (position < tokens.length) throw new QueryError(`no viable alternative at input '${tokens[position]}'`)
  return query
}

function operator(token: string, world: World): Predicate {
  const named = /^([a-z_]+):(.+)$/.exec(token)
  if (!named) return keyword(token)
  const [, name = '', value = ''] = named
  const userId = () => world.findUser(value)?.id
  switch (name) {
    case 'conversation_id':
      return (post) => post.conversationId === value
    case 'from': {
      const id = userId()
      return (post) => post.authorId === id
    }
    case 'to': {
      const id = userId()
      return (post) => id !== undefined && post.inReplyTo?.userId === id
    }
    case 'is':
      return kindOfPost(value)
    case 'lang':
      return () => value === 'en'
    default:
      throw new QueryError(`Reference to invalid operator '${name}'`)
  }
}

function kindOfPost(value: string): Predicate {
  switch (value) {
    case 'reply':
      return (post) => post.inReplyTo !== undefined
    case 'quote':
      return (post) => post.quoted !== undefined
    case 'retweet':
      return (post) => post.reposted !== undefined
    default:
      throw new QueryError(`Reference to invalid operator 'is:${value}'`)
  }
}

const WORD_EDGE = '(?<![\\p{L}\\p{N}_])'

function keyword(token: string): Predicate {
  if (token.startsWith('@')) {
    const name = token.slice(1).toLowerCase()
    return (post) =>
      [...post.mentions.map(({ username }) => username), ...mentionedNames(post.typed)].some(
        (mentioned) => mentioned.toLowerCase() === name,
      )
  }
  const words = token.replaceAll('"', '').replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const pattern = new RegExp(`${token.startsWith('#') ? '' : WORD_EDGE}${words}(?![\\p{L}\\p{N}_])`, 'iu')
  return (post) => pattern.test(post.typed)
}
