import { z } from 'zod'
import type { Api } from '../api.ts'
import { type Directory, ME, type Name, type NameKind } from './directory.ts'

const more = z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() })
const answer = z.object({
  nodes: z.array(z.object({ __typename: z.string(), id: z.string() }).nullable()).optional(),
  viewer: z.object({ id: z.string() }).optional(),
  accounts: z.array(z.object({ id: z.string(), name: z.string(), screenName: z.string() })).optional(),
  groups: z.object({ nodes: z.array(z.object({ id: z.string(), name: z.string() })), pageInfo: more }).optional(),
  users: z
    .object({
      nodes: z.array(z.object({ id: z.string(), name: z.string(), email: z.string().nullable() })),
      pageInfo: more,
    })
    .optional(),
})

const QUERY = `query (
  $ids: [ID!]!, $byId: Boolean!, $me: Boolean!, $accounts: Boolean!
  $groups: Boolean!, $afterGroup: String, $agents: Boolean!, $afterAgent: String
) {
  nodes(ids: $ids) @include(if: $byId) { __typename id }
  viewer @include(if: $me) { id }
  accounts(includeUnlinked: true) @include(if: $accounts) { id name screenName }
  groups(first: 100, after: $afterGroup) @include(if: $groups) { nodes { id name } pageInfo { hasNextPage endCursor } }
  users(first: 100, after: $afterAgent, roles: [AGENT, ADMIN]) @include(if: $agents) {
    nodes { id name email }
    pageInfo { hasNextPage endCursor }
  }
}`

const KINDS: Readonly<Record<NameKind, { typename: string; a: string; by: string }>> = {
  account: { typename: 'Account', a: 'account', by: 'its @handle, its name or its id' },
  group: { typename: 'Group', a: 'group', by: 'its name or its id' },
  agent: { typename: 'User', a: 'agent', by: 'me, or their name, e-mail address or id' },
  user: { typename: 'User', a: 'person', by: 'me, or their id' },
}
/** Ids that `nodes` takes in one question. */
const IDS_AT_ONCE = 100

/** Finds what the names mean: in one question, unless there are more than 100 agents or groups. Throws CommandError. */
export async function lookUp(api: Api, names: readonly Name[]): Promise<Directory> {
  /** Ids by `kind:name in lower case`. */
  const known = new Map<string, Set<string>>()
  const learn = (kind: NameKind, id: string, texts: readonly (string | null)[]): void => {
    for (const text of texts) {
      if (text === null) continue
      const key = keyOf(kind, text)
      known.set(key, (known.get(key) ?? new Set()).add(id))
    }
  }
  const ids = [...new Set(names.map(({ text }) => text).filter((text) => typeOfId(text) !== undefined))]
  const asks = (kind: NameKind) =>
    names.some((name) => name.kind === kind && !isMe(name) && typeOfId(name.text) === undefined)
  let wanted = {
    ids: ids.slice(0, IDS_AT_ONCE),
    byId: ids.length > 0,
    me: names.some(isMe),
    accounts: asks('account'),
    groups: asks('group'),
    agents: asks('agent'),
  }
  let rest = ids.slice(IDS_AT_ONCE)
  const cursors: { afterGroup?: string | null; afterAgent?: string | null } = {}
  while (wanted.byId || wanted.me || wanted.accounts || wanted.groups || wanted.agents) {
    const found = await api.ask(answer, QUERY, { ...wanted, ...cursors })
    const typed = found.nodes?.flatMap((node) => node ?? []) ?? []
    for (const kind of ['account', 'group', 'agent', 'user'] as const)
      for (const { __typename, id } of typed) if (__typename === KINDS[kind].typename) learn(kind, id, [id])
    if (found.viewer) for (const kind of ['agent', 'user'] as const) learn(kind, found.viewer.id, [ME])
    for (const { id, name, screenName } of found.accounts ?? [])
      learn('account', id, [name, screenName, `@${screenName}`])
    for (const { id, name } of found.groups?.nodes ?? []) learn('group', id, [name])
    for (const { id, name, email } of found.users?.nodes ?? []) learn('agent', id, [name, email])
    cursors.afterGroup = found.groups?.pageInfo.endCursor ?? null
    cursors.afterAgent = found.users?.pageInfo.endCursor ?? null
    wanted = {
      ids: rest.slice(0, IDS_AT_ONCE),
      byId: rest.length > 0,
      me: false,
      accounts: false,
      groups: found.groups?.pageInfo.hasNextPage ?? false,
      agents: found.users?.pageInfo.hasNextPage ?? false,
    }
    rest = rest.slice(IDS_AT_ONCE)
  }
  return {
    find({ kind, text }) {
      const [id, ...others] = known.get(keyOf(kind, text)) ?? []
      const { a, by } = KINDS[kind]
      if (id === undefined) return { wrong: `there is no such ${a} that you see; a ${a} is named by ${by}.` }
      if (others.length > 0) return { wrong: `${others.length + 1} of that name; give the id.` }
      return { id }
    },
  }
}

const isMe = ({ text }: Pick<Name, 'text'>): boolean => text.toLowerCase() === ME

/** Ids are told apart by capitals, names are not. */
const keyOf = (kind: NameKind, text: string): string =>
  `${kind}:${typeOfId(text) === undefined ? text.toLowerCase() : text}`

/** The type in a global id; undefined for what is none, and so may be a name. */
function typeOfId(text: string): string | undefined {
  return /^([A-Za-z]+):[0-9a-f-]{36}$/.exec(Buffer.from(text, 'base64').toString('utf8'))?.[1]
}
