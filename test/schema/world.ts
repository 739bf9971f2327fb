import { type ExecutionResult, execute, type GraphQLSchema, parse, subscribe, validate } from 'graphql'
import { pino } from 'pino'
import { v7 as uuidv7 } from 'uuid'
import type { Accounts } from '../../src/accounts/accounts.ts'
import { createAccounts } from '../../src/accounts/create-accounts.ts'
import { createBulkUpdates } from '../../src/bulk/create-bulk-updates.ts'
import type { EventBody } from '../../src/domain/event.ts'
import { formatPosition, type Position } from '../../src/domain/position.ts'
import type { Prisma } from '../../src/generated/prisma/client.ts'
import { createIncomingPosts } from '../../src/ingest/create-incoming-posts.ts'
import { createReplies } from '../../src/outbound/create-replies.ts'
import type { Feed } from '../../src/pubsub/feed.ts'
import { createFeed } from '../../src/pubsub/live-feed.ts'
import { createMemoryBus } from '../../src/pubsub/memory-bus.ts'
import { createConfirmTokens } from '../../src/requesters/confirm-tokens.ts'
import { createProfiles } from '../../src/requesters/profile.ts'
import type { Context, Viewer } from '../../src/schema/context.ts'
import { encodeGlobalId, type NodeType } from '../../src/schema/global-id.ts'
import { buildSchema } from '../../src/schema/index.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { createVault } from '../../src/store/vault.ts'
import { createTicketLinks } from '../../src/tickets/ticket-links.ts'
import { XError } from '../../src/x/errors.ts'
import { type ScriptedRealms, scriptedRealms } from '../accounts/xchat-realms.ts'
import { bulkReplies } from '../helpers/bulk-replies.ts'
import { testDatabase } from '../helpers/database.ts'
import { freeCalls } from '../helpers/free-calls.ts'
import { SILENT_X } from '../helpers/silent-x.ts'

/** What came back. `T` is what the test asked for; the expectations check that it is so. */
export interface Answer<T> {
  readonly data: T
  /** `code: message` of each error. */
  readonly errors: readonly string[]
}

type Variables = Record<string, unknown>

/** A real store on a database of its own, with a feed on an in-process bus, and people to ask as. */
export interface World {
  readonly schema: GraphQLSchema
  readonly store: Store
  readonly feed: Feed
  readonly accounts: Accounts
  /** X's realms, whose right PIN is 2580. */
  readonly realms: ScriptedRealms
  readonly admin: Viewer
  readonly agent: Viewer
  readonly customer: Viewer
  readonly stranger: Viewer
  readonly accountId: string
  readonly groupId: string
  /** The SQL issued since the last `sql.length = 0`. */
  readonly sql: string[]
  context(viewer: Viewer | null, signal?: AbortSignal): Context
  ask<T = unknown>(viewer: Viewer | null, source: string, variables?: Variables): Promise<Answer<T>>
  listen<T = unknown>(viewer: Viewer | null, source: string, variables?: Variables): Promise<Listener<T>>
  /** Opens a ticket the way ingestion does: rows and event in one transaction. */
  openTicket(data?: TicketData): Promise<{ id: string; number: number; commentId: string; position: Position }>
  addComment(ticketId: string, data?: Partial<Prisma.CommentUncheckedCreateInput>): Promise<{ id: string }>
  close(): Promise<void>
}

export type TicketData = Partial<Prisma.TicketUncheckedCreateInput> & { readonly body?: string }

/** A subscription that is under way. */
export interface Listener<T> {
  /** What was refused at once, as `code: message`. */
  readonly refused: readonly string[]
  next(): Promise<Answer<T>>
  take(count: number): Promise<Answer<T>[]>
  /** True when the subscription is over. */
  ended(): Promise<boolean>
  stop(): Promise<void>
}

export const gid = (type: NodeType, id: string): string => encodeGlobalId(type, id)
export const at = (position: Position): string => formatPosition(position)

/** Builds the world. `close` it in the end. */
export async function createWorld({ mostTickets = 100_000 } = {}): Promise<World> {
  const database = await testDatabase()
  const logger = pino({ level: 'silent' })
  const bus = createMemoryBus()
  const sql: string[] = []
  const store = await openStore({ databaseUrl: database.url, bus, logger, onQuery: (query) => sql.push(query) })
  // The feed asks the log now and then; through a store of its own, that does not show among the SQL.
  const feedStore = await openStore({ databaseUrl: database.url, bus, logger, poolSize: 2 })
  const feed = await createFeed({ bus, log: feedStore.log, logger })
  const schema = buildSchema()
  const vault = createVault('the secret of a world that only tests know')
  const realms = scriptedRealms('2580')
  const accounts = createAccounts({
    store,
    vault,
    x: { ...SILENT_X, chat: { ...SILENT_X.chat, publicKeys: async () => ({ body: {} }) } },
    xchat: realms,
    calls: freeCalls(),
    meter: { answered: () => {} },
    logger,
    redirectUri: () => 'http://localhost/callback',
  })
  const incomingPosts = createIncomingPosts({
    store,
    lookup: () => Promise.reject(new XError('UNAVAILABLE', 'X was not to be asked')),
    logger,
  })
  const profiles = createProfiles({
    store,
    tokens: createConfirmTokens(['the secret of a world that only tests know']),
  })
  const links = createTicketLinks({ store, base: () => 'https://perch.example.com', logger })
  const replies = createReplies({ store, calls: freeCalls(), selfServe: true, links })
  const bulkUpdates = createBulkUpdates({ store, replies: bulkReplies(store), mostTickets })
  const { people, accountId, groupId } = await populate(store)

  const context = (viewer: Viewer | null, signal = new AbortController().signal): Context => ({
    viewer,
    latestViewer: () => viewer,
    prisma: store.prisma,
    store,
    feed,
    accounts,
    incomingPosts,
    profiles,
    replies,
    bulkUpdates,
    signal,
  })

  return {
    schema,
    store,
    feed,
    accounts,
    realms,
    ...people,
    accountId,
    groupId,
    sql,
    context,

    async ask<T>(viewer: Viewer | null, source: string, variableValues: Variables = {}) {
      const document = parse(source)
      const invalid = validate(schema, document)
      if (invalid.length > 0) return answer<T>({ errors: invalid })
      return answer<T>(await execute({ schema, document, contextValue: context(viewer), variableValues }))
    },

    async listen<T>(viewer: Viewer | null, source: string, variableValues: Variables = {}) {
      const ending = new AbortController()
      const document = parse(source)
      const invalid = validate(schema, document)
      if (invalid.length > 0) throw new Error(invalid.join('\n'))
      const result = await subscribe({
        schema,
        document,
        contextValue: context(viewer, ending.signal),
        variableValues,
      })
      return listener<T>(result, ending)
    },

    async openTicket({ body = 'Where is my parcel?', ...data } = {}) {
      const id = uuidv7()
      const commentId = uuidv7()
      const { value, position } = await store.change({ kind: 'system', part: 'ingest' }, async ({ db, emit }) => {
        const ticket = await db.ticket.create({
          data: {
            id,
            subject: body,
            channel: 'X_CORP',
            accountId,
            requesterId: people.customer.userId,
            threadKey: id,
            ...data,
          },
        })
        const requester = { authorId: ticket.requesterId, direction: 'INBOUND', visibility: 'PUBLIC' } as const
        await db.comment.create({
          data: { id: commentId, ticketId: id, ...requester, channel: 'X_POST', body, postedAt: ticket.createdAt },
        })
        emit({ type: 'ticket.created', ticket: snapshot(ticket), commentId })
        return ticket
      })
      return { id, number: value.number, commentId, position }
    },

    async addComment(ticketId, data = {}) {
      const id = uuidv7()
      await store.change({ kind: 'system', part: 'ingest' }, async ({ db, emit }) => {
        const ticket = await db.ticket.findUniqueOrThrow({ where: { id: ticketId } })
        const comment = await db.comment.create({
          data: {
            id,
            ticketId,
            authorId: ticket.requesterId,
            direction: 'INBOUND',
            visibility: 'PUBLIC',
            channel: 'X_POST',
            body: 'And another thing.',
            postedAt: new Date(),
            ...data,
          },
        })
        const { authorId, direction, visibility } = comment
        emit({
          type: 'comment.created',
          ticket: snapshot(ticket),
          comment: { id, authorId, direction, visibility },
        })
      })
      return { id }
    },

    async close() {
      await feed.close()
      await bus.close()
      await store.close()
      await feedStore.close()
      await database.drop()
    },
  }
}

type Snapshot = Extract<EventBody, { type: 'ticket.created' }>['ticket']

function snapshot(ticket: Snapshot): Snapshot {
  const { id, number, status, priority, channel, accountId, requesterId, assigneeId, groupId, tags } = ticket
  return { id, number, status, priority, channel, accountId, requesterId, assigneeId, groupId, tags }
}

async function populate(store: Store) {
  const { prisma } = store
  const accountId = uuidv7()
  const groupId = uuidv7()
  const person = (role: Viewer['role']): Viewer => ({ userId: uuidv7(), role, ticketAccess: 'ALL', groupIds: [] })
  const people = {
    admin: person('ADMIN'),
    agent: person('AGENT'),
    customer: person('END_USER'),
    stranger: person('END_USER'),
  }
  await prisma.xProfile.createMany({
    data: [
      { id: '100', username: 'ada', name: 'Ada', followersCount: 12 },
      { id: '101', username: 'bob', name: 'Bob' },
    ],
  })
  await prisma.user.createMany({
    data: [
      { id: people.admin.userId, role: 'ADMIN', name: 'Root', email: 'root@example.org' },
      { id: people.agent.userId, role: 'AGENT', name: 'Grace', email: 'grace@example.org' },
      { id: people.customer.userId, role: 'END_USER', name: 'Ada', xProfileId: '100', email: 'ada@example.org' },
      { id: people.stranger.userId, role: 'END_USER', name: 'Bob', xProfileId: '101' },
    ],
  })
  await prisma.account.create({ data: { id: accountId, xUserId: '1', screenName: 'acme', name: 'Acme' } })
  await prisma.group.create({ data: { id: groupId, name: 'Billing' } })
  await prisma.groupMembership.create({ data: { groupId, userId: people.agent.userId } })
  return { people, accountId, groupId }
}

function answer<T>(result: ExecutionResult): Answer<T> {
  return {
    // Through JSON, as a client gets it.
    data: JSON.parse(JSON.stringify(result.data ?? null)),
    errors: (result.errors ?? []).map(({ message, extensions, originalError }) => {
      const code = extensions['code'] ?? (originalError && 'code' in originalError ? originalError.code : 'NO_CODE')
      return `${code}: ${message}`
    }),
  }
}

function listener<T>(
  result: AsyncGenerator<ExecutionResult, void, void> | ExecutionResult,
  ending: AbortController,
): Listener<T> {
  if (!(Symbol.asyncIterator in result)) {
    const refused = answer(result).errors
    const refuse = () => Promise.reject(new Error(`The subscription was refused: ${refused.join(' ')}`))
    return { refused, next: refuse, take: refuse, ended: async () => true, stop: async () => {} }
  }
  const next = async () => {
    const item = await result.next()
    if (item.done) throw new Error('The subscription is over.')
    return answer<T>(item.value)
  }
  return {
    refused: [],
    next,
    async take(count) {
      const answers: Answer<T>[] = []
      while (answers.length < count) answers.push(await next())
      return answers
    },
    ended: async () => (await result.next()).done === true,
    async stop() {
      await result.return()
      ending.abort()
    },
  }
}
