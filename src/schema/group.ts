import { builder } from './builder.ts'

export const GroupRef = builder.prismaNode('Group', {
  description: 'A team of agents. A ticket of a group is assigned to one of its members.',
  id: { field: 'id', description: 'The global id.' },
  nullable: true,
  authScopes: { staff: true },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The name, once in the workspace.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the group was made.' }),
    deletedAt: t.expose('deletedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was deleted: only closed tickets name it still. Null: it was not.',
    }),
  }),
})
