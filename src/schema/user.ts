import { isStaff } from '../domain/visibility.ts'
import { builder } from './builder.ts'
import type { Context } from './context.ts'
import { TicketAccessEnum, UserRoleEnum } from './enums.ts'

/** Of agents, end users see names and nothing else (docs/requesters.md). */
const ofThemselves = ({ id }: { readonly id: string }, _args: object, { viewer }: Pick<Context, 'viewer'>): boolean =>
  viewer !== null && (isStaff(viewer) || viewer.userId === id)

export const UserRef = builder.prismaNode('User', {
  description: 'A person: an administrator, an agent, or an end user who opens tickets.',
  id: { field: 'id', description: 'The global id.' },
  nullable: true,
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The name to show.' }),
    role: t.expose('role', {
      type: UserRoleEnum,
      authScopes: ofThemselves,
      description: 'What the person is here. End users see their own only.',
    }),
    active: t.exposeBoolean('active', {
      authScopes: ofThemselves,
      description: 'False: may not sign in, and cannot be assigned. End users see their own only.',
    }),
    ticketAccess: t.expose('ticketAccess', {
      type: TicketAccessEnum,
      authScopes: { staff: true },
      description: 'Which tickets the person sees, as an agent; administrators see all. For agents and administrators.',
    }),
    email: t.string({
      nullable: true,
      description: 'The e-mail address, if known. End users see their own only.',
      resolve: (user, _args, context) => (ofThemselves(user, {}, context) ? user.email : null),
    }),
    unconfirmedEmail: t.string({
      nullable: true,
      description: 'Your own e-mail address that waits for you to follow the link of the mail to it.',
      resolve: ({ id }, _args, { viewer, profiles }) => (viewer?.userId === id ? profiles.unconfirmedEmail(id) : null),
    }),
    xProfile: t.relation('xProfile', {
      nullable: true,
      authScopes: ofThemselves,
      description: 'The person on X, if they came from there. End users see their own only.',
    }),
    createdAt: t.expose('createdAt', {
      type: 'DateTime',
      authScopes: ofThemselves,
      description: 'When we came to know them. End users see their own only.',
    }),
  }),
})
