import { type SqlFragment, sql } from '../domain/sql.ts'
import { builder } from './builder.ts'
import type { Context } from './context.ts'
import { UserRoleEnum } from './enums.ts'
import { GroupRef } from './group.ts'
import { cutPage, type Order, type PageRequest, pageRequest, pageSql, toConnection } from './paging/keyset.ts'
import { selectionFor } from './selection.ts'
import { UserRef } from './user.ts'

const byName: Order<{ readonly id: string; readonly name: string }> = {
  name: 'NAME',
  kind: 'text',
  descending: false,
  value: sql`p.name`,
  id: sql`p.id`,
  valueOf: ({ name }) => name,
  idOf: ({ id }) => id,
}

builder.queryField('users', (t) =>
  t.connection(
    {
      type: UserRef,
      authScopes: { staff: true },
      description: 'The people known here, by name. For agents and administrators.',
      args: {
        roles: t.arg({ type: [UserRoleEnum], description: 'Of these roles; of any, when not given.' }),
        active: t.arg.boolean({ description: 'True: those that may sign in; false: those that may not.' }),
      },
      resolve: async (_root, { roles, active, ...args }, context, info) => {
        const request = pageRequest(args, byName)
        const where = sql`(${roles ?? null}::text[] IS NULL OR p.role = ANY(${roles ?? []}::text[]::"UserRole"[]))
          AND (${active ?? null}::boolean IS NULL OR p.active = ${active ?? null}::boolean)`
        const page = cutPage(await readIds(context, sql`"user"`, where, request), request)
        const selection = selectionFor('User', context, info, [['nodes'], ['edges', 'node']])
        const users = await context.prisma.user.findMany({ ...selection, where: { id: { in: [...page.rows] } } })
        return toConnection({ ...page, rows: inOrder(page.rows, users) }, byName)
      },
    },
    { name: 'UserConnection', description: 'A page of people.' },
    { name: 'UserEdge', description: 'A person, and their place in the list.' },
  ),
)

builder.queryField('groups', (t) =>
  t.connection(
    {
      type: GroupRef,
      authScopes: { staff: true },
      description: 'The groups, by name. For agents and administrators.',
      resolve: async (_root, args, context, info) => {
        const request = pageRequest(args, byName)
        const page = cutPage(await readIds(context, sql`"group"`, sql`p.deleted_at IS NULL`, request), request)
        const selection = selectionFor('Group', context, info, [['nodes'], ['edges', 'node']])
        const groups = await context.prisma.group.findMany({ ...selection, where: { id: { in: [...page.rows] } } })
        return toConnection({ ...page, rows: inOrder(page.rows, groups) }, byName)
      },
    },
    { name: 'GroupConnection', description: 'A page of groups.' },
    { name: 'GroupEdge', description: 'A group, and its place in the list.' },
  ),
)

async function readIds(
  { prisma }: Context,
  table: SqlFragment,
  where: SqlFragment,
  request: PageRequest<never>,
): Promise<string[]> {
  const page = pageSql(request)
  const query = sql`SELECT p.id::text AS id FROM ${table} p WHERE ${where} AND ${page.where} ${page.orderBy} ${page.limit}`
  const rows = await prisma.$queryRawUnsafe<{ id: string }[]>(query.text, ...query.values)
  return rows.map(({ id }) => id)
}

function inOrder<Row extends { readonly id: string }>(ids: readonly string[], rows: readonly Row[]): Row[] {
  const byId = new Map(rows.map((row) => [row.id, row]))
  return ids.flatMap((id) => byId.get(id) ?? [])
}
