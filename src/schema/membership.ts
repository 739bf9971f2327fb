import { builder } from './builder.ts'
import { GroupRef } from './group.ts'
import { UserRef } from './user.ts'

/* Who belongs to which group. Apart from both, because each names the other. */

builder.prismaObjectFields(UserRef, (t) => ({
  groups: t.field({
    type: [GroupRef],
    authScopes: { staff: true },
    complexity: { field: 1, multiplier: 5 },
    description: 'The groups that the person belongs to, by name. For agents and administrators.',
    select: (_args, _context, nested) => ({
      memberships: { select: { group: nested(true) }, orderBy: { group: { name: 'asc' } } },
    }),
    resolve: ({ memberships }) => memberships.map(({ group }) => group),
  }),
}))

builder.prismaObjectFields(GroupRef, (t) => ({
  members: t.field({
    type: [UserRef],
    authScopes: { staff: true },
    complexity: { field: 1, multiplier: 20 },
    description: 'The active agents and administrators of the group, by name.',
    select: (_args, _context, nested) => ({
      memberships: {
        where: { user: { active: true } },
        select: { user: nested(true) },
        orderBy: { user: { name: 'asc' } },
      },
    }),
    resolve: ({ memberships }) => memberships.map(({ user }) => user),
  }),
}))
