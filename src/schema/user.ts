import { isStaff } from '../domain/visibility.ts'
import { builder } from './builder.ts'
import { TicketAccessEnum, UserRoleEnum } from './enums.ts'

export const UserRef = builder.prismaNode('User', {
  description: 'A person: an administrator, an agent, or an end user who opens tickets.',
  id: { field: 'id', description: 'The global id.' },
  nullable: true,
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The name to show.' }),
    role: t.expose('role', { type: UserRoleEnum, description: 'What the person is here.' }),
    active: t.exposeBoolean('active', { description: 'False: may not sign in, and cannot be assigned.' }),
    ticketAccess: t.expose('ticketAccess', {
      type: TicketAccessEnum,
      authScopes: { staff: true },
      description: 'Which tickets the person sees, as an agent; administrators see all. For agents and administrators.',
    }),
    email: t.string({
      nullable: true,
      description: 'The e-mail address, if known. End users see their own only.',
      resolve: ({ id, email }, _args, { viewer }) =>
        viewer !== null && (isStaff(viewer) || viewer.userId === id) ? email : null,
    }),
    unconfirmedEmail: t.string({
      nullable: true,
      description: 'Your own e-mail address that waits for you to follow the link of the mail to it.',
      resolve: ({ id }, _args, { viewer, profiles }) => (viewer?.userId === id ? profiles.unconfirmedEmail(id) : null),
    }),
    xProfile: t.relation('xProfile', { nullable: true, description: 'The person on X, if they came from there.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When we came to know them.' }),
  }),
})
