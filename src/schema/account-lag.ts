import type { LagSource, SourceLag } from '../domain/lag.ts'
import { type AccountLag, readLag } from '../ingest/lag.ts'
import { AccountRef } from './account.ts'
import { builder } from './builder.ts'
import { described } from './enums.ts'

/* How far behind X an account may be. */

const LagSourceEnum = builder.enumType('LagSource', {
  description: 'What is read from X.',
  values: described<LagSource>({
    MENTIONS: 'Posts that mention it, and replies to it.',
    CONVERSATIONS: 'Replies deeper in the conversations of its open tickets.',
    OWN_POSTS: 'What it posts in X’s own app: answers and reposts.',
    LIKES: 'What it likes.',
    MESSAGES: 'Classic direct messages.',
    XCHAT: 'Encrypted messages, whether they can be read yet or not.',
  }),
})

const SourceLagRef = builder.objectRef<SourceLag>('SourceLag').implement({
  description: 'How far behind X one source may be.',
  fields: (t) => ({
    source: t.expose('source', { type: LagSourceEnum, description: 'Of what.' }),
    seconds: t.exposeFloat('seconds', { description: 'Seconds since `syncedAt`.' }),
    syncedAt: t.expose('syncedAt', { type: 'DateTime', description: 'What X had until then is here.' }),
  }),
})

const AccountLagRef = builder.objectRef<AccountLag>('AccountLag').implement({
  description: 'How far behind X an account may be.',
  fields: (t) => ({
    seconds: t.exposeFloat('seconds', { description: 'Of the source that is furthest behind.' }),
    sources: t.field({
      type: [SourceLagRef],
      description: 'Each source that its settings ask for.',
      resolve: ({ sources }) => [...sources],
    }),
  }),
})

builder.objectField(AccountRef, 'lag', (t) =>
  t.field({
    type: AccountLagRef,
    nullable: true,
    authScopes: { staff: true },
    complexity: { field: 10, multiplier: 1 },
    description: 'How far behind X it may be; null while it is not active. For staff.',
    resolve: async ({ id }, _args, { prisma }) => (await readLag(prisma, [id])).get(id) ?? null,
  }),
)
