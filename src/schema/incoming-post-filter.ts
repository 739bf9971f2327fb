import { allOf, type SqlFragment, sql } from '../domain/sql.ts'
import { builder } from './builder.ts'
import { filterList, filterText } from './filter-limits.ts'
import { decodeIdOf } from './global-id.ts'
import { IncomingPostReasonEnum, IncomingPostStateEnum } from './incoming-post.ts'

export const IncomingPostFilterInput = builder.inputType('IncomingPostFilter', {
  description: 'Which incoming posts to list. All that is given must hold; an empty list matches nothing.',
  fields: (t) => ({
    states: t.field({
      type: [IncomingPostStateEnum],
      description: 'In one of these states. Not given: those that wait.',
      validate: filterList,
    }),
    reasons: t.field({
      type: [IncomingPostReasonEnum],
      description: 'For one of these reasons.',
      validate: filterList,
    }),
    accountIds: t.idList({ description: 'Of one of these accounts.', validate: filterList }),
    authorUsername: t.string({
      description: 'By the person with this handle, with or without @.',
      validate: filterText,
    }),
    text: t.string({
      description: 'With all of these words. "quoted words" stand together, -word excludes.',
      validate: filterText,
    }),
    postedAfter: t.field({ type: 'DateTime', description: 'Posted later than this.' }),
    postedBefore: t.field({ type: 'DateTime', description: 'Posted earlier than this.' }),
  }),
})

type FilterShape = typeof IncomingPostFilterInput.$inferInput
type State = typeof IncomingPostStateEnum.$inferType

/** A filter over rows of `incoming_post` named p. */
export interface IncomingPostFilter {
  /** Lists are read state by state, and account by account: each has its place in an index. */
  readonly states: readonly State[]
  /** Null: of all accounts. */
  readonly accountIds: readonly string[] | null
  /** The other conditions. */
  readonly where: SqlFragment
}

/** Throws BAD_REQUEST for what is no id of an account. */
export function readIncomingFilter(input: FilterShape | null | undefined): IncomingPostFilter {
  const { states, reasons, accountIds, authorUsername, text: words, postedAfter, postedBefore } = input ?? {}
  const conditions: SqlFragment[] = []
  if (reasons) conditions.push(sql`p.reason = ANY(${reasons}::text[])`)
  if (typeof authorUsername === 'string') {
    const handle = authorUsername.trim().replace(/^@/, '')
    // X's handles are the same in capitals; one that was given up may be on two profiles until it is seen again.
    conditions.push(sql`p.author_id IN (SELECT id FROM x_profile WHERE lower(username) = lower(${handle}))`)
  }
  if (typeof words === 'string') {
    conditions.push(sql`to_tsvector('simple', p.text) @@ websearch_to_tsquery('simple', ${words})`)
  }
  if (postedAfter) conditions.push(sql`p.posted_at > ${moment(postedAfter)}`)
  if (postedBefore) conditions.push(sql`p.posted_at < ${moment(postedBefore)}`)
  return {
    states: [...new Set(states ?? ['WAITING' as const])],
    accountIds: accountIds ? [...new Set(accountIds.map((id) => decodeIdOf('Account', id)))] : null,
    where: allOf(conditions),
  }
}

/** In seconds, not as text: GraphQL's DateTime reaches back to the year 0, which PostgreSQL does not read. */
const moment = (date: Date): SqlFragment => sql`to_timestamp(${date.getTime() / 1_000}::float8)`
