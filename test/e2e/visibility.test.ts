import { type Client, createClient } from 'graphql-ws'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import WebSocket from 'ws'
import type { App } from '../../src/app.ts'
import type { EventBody, TicketSnapshot } from '../../src/domain/event.ts'
import { encodeGlobalId } from '../../src/schema/global-id.ts'
import { FIRST_USERS } from '../../src/store/bootstrap.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { query, startPerch, tokenFor } from '../helpers/perch.ts'
import { startRedis, type TestRedis } from '../helpers/redis.ts'

const AGENT = FIRST_USERS.agent.id
const userId = encodeGlobalId('User', AGENT)

/** Two processes' worth of Perch on one database and one Redis, and a socket of the same agent at each. */
describe('an agent whose access changes while their consoles are open', () => {
  let database: TestDatabase
  let redis: TestRedis
  let apps: App[]
  let admin: string
  let agent: string
  let accountId: string
  let requesterId: string
  let groups: string[]
  const clients: Client[] = []

  beforeAll(async () => {
    ;[database, redis] = await Promise.all([testDatabase(), startRedis()])
    // X is nowhere: nothing here asks it anything.
    const common = { databaseUrl: database.url, redisUrl: redis.url, simulatorUrl: 'http://127.0.0.1:1' }
    apps = [await startPerch({ ...common, role: 'api' }), await startPerch({ ...common, role: 'api' })]
    ;[admin, agent] = await Promise.all([tokenFor(first(), 'admin'), tokenFor(first(), 'agent')])
    const { prisma } = first().store
    ;[accountId, requesterId] = [uuidv7(), uuidv7()]
    await prisma.account.create({ data: { id: accountId, xUserId: '1', screenName: 'acme', name: 'Acme' } })
    await prisma.xProfile.create({ data: { id: '100', username: 'ada', name: 'Ada' } })
    await prisma.user.create({ data: { id: requesterId, role: 'END_USER', name: 'Ada', xProfileId: '100' } })
    groups = [await makeGroup('Billing'), await makeGroup('Press')]
  })

  afterAll(async () => {
    await Promise.all(clients.map((client) => client.dispose()))
    await Promise.all((apps ?? []).map((app) => app.close()))
    await Promise.all([redis?.dispose(), database?.drop()])
  })

  const first = (): App => apps[0] as App

  async function makeGroup(name: string): Promise<string> {
    await query(
      first().url,
      admin,
      'mutation($name: String!) { createGroup(input: { name: $name }) { group { id } } }',
      {
        name,
      },
    )
    return (await first().store.prisma.group.findFirstOrThrow({ where: { name } })).id
  }

  async function setAccess(input: object): Promise<void> {
    const { updateUser } = await query<{ updateUser: { userErrors: unknown[] } }>(
      first().url,
      admin,
      'mutation($input: UpdateUserInput!) { updateUser(input: $input) { userErrors { code } } }',
      { input: { id: userId, ...input } },
    )
    expect(updateUser.userErrors).toEqual([])
  }
  const setMembers = (groupId: string | undefined, memberIds: string[]) =>
    query(
      first().url,
      admin,
      'mutation($input: UpdateGroupInput!) { updateGroup(input: $input) { userErrors { code } } }',
      { input: { id: encodeGlobalId('Group', groupId ?? ''), memberIds } },
    )

  /** Opens a ticket the way ingestion does, in one process or the other. */
  async function open(app: App, groupId: string | null, assigneeId: string | null = null): Promise<TicketSnapshot> {
    const id = uuidv7()
    const data = {
      id,
      accountId,
      requesterId,
      groupId,
      assigneeId,
      channel: 'X_CORP',
      subject: id,
      threadKey: id,
    } as const
    const { value } = await app.store.change({ kind: 'system', part: 'test' }, async ({ db, emit }) => {
      const { number, status, priority, tags, channel } = await db.ticket.create({ data })
      const ticket = { id, number, status, priority, channel, accountId, requesterId, assigneeId, groupId, tags }
      emit({ type: 'ticket.created', ticket, commentId: null })
      return ticket
    })
    return value
  }

  async function move(app: App, ticket: TicketSnapshot, groupId: string | null): Promise<void> {
    await app.store.change({ kind: 'system', part: 'test' }, async ({ db, emit }) => {
      await db.ticket.update({ where: { id: ticket.id }, data: { groupId } })
      const before = { groupId: ticket.groupId }
      emit({ type: 'ticket.updated', ticket: { ...ticket, groupId }, before, changed: ['groupId'] })
    })
  }

  function connect(app: App): Client {
    const client = createClient({
      url: `${app.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${agent}` },
      retryAttempts: 0,
      lazy: false,
      onNonLazyError: () => {},
    })
    clients.push(client)
    return client
  }

  /** What a socket is told, until it is told of a ticket. */
  async function hear(client: Client, after: string, heard: string[], last: () => string): Promise<void> {
    const events = client.iterate<{ ticketEvents: { position: string; type: string; ticketId: string | null } }>({
      query: 'subscription($after: Position) { ticketEvents(after: $after) { position type ticketId } }',
      variables: { after },
    })
    for await (const { data, errors } of events) {
      if (!data) throw new Error(JSON.stringify(errors))
      const { position, type, ticketId } = data.ticketEvents
      heard.push(`${position.split(':')[1]} ${type}`)
      if (ticketId === last()) break
    }
  }

  /** What the log says that the agent is to be told: each event judged by what held at its place. */
  function expected(events: readonly { readonly offset: number; readonly body: EventBody }[]): string[] {
    /** Null: all tickets; otherwise those of these groups, and the agent's own. */
    let sight: readonly string[] | null = null
    const sees = (ticket: { assigneeId?: string | null | undefined; groupId?: string | null | undefined }) =>
      sight === null || ticket.assigneeId === AGENT || sight.some((groupId) => groupId === ticket.groupId)
    return events.flatMap(({ offset, body }) => {
      const told = (type: string) => [`${offset} ${type}`]
      if (body.type === 'user.updated' && body.userId === AGENT) {
        const old = JSON.stringify(sight)
        sight = body.ticketAccess === 'ALL' ? null : body.ticketAccess === 'GROUPS' ? body.groupIds : []
        return JSON.stringify(sight) === old ? [] : told('ACCESS_CHANGED')
      }
      if (body.type === 'ticket.created') return sees(body.ticket) ? told('TICKET_CREATED') : []
      if (body.type !== 'ticket.updated') return []
      if (sees(body.ticket)) return told('TICKET_UPDATED')
      return sees({ ...body.ticket, ...body.before }) ? told('TICKET_LEFT') : []
    })
  }

  it('is told at each of two sockets exactly what held at each place in the log', async () => {
    await setAccess({ ticketAccess: 'ALL', groupIds: [] })
    const start = await first().store.log.head()
    let last = ''
    const heard: string[][] = apps.map(() => [])
    const listening = apps.map((app, index) =>
      hear(connect(app), `${start.epoch}:${start.head}`, heard[index] ?? [], () => last),
    )
    // Both listen before the access changes: what lies before that is judged by who they are by then.
    await open(first(), null)
    await expect.poll(() => heard.map(({ length }) => length), { interval: 5 }).toEqual([1, 1])
    let changing = true
    const traffic = apps.map(async (app, index) => {
      for (let n = 0; changing || n < 100; n += 1) {
        const ticket = await open(app, [...groups, null][(n + index) % 3] ?? null)
        if (n % 2) await move(app, ticket, [...groups, null][(n + index + 1) % 3] ?? null)
      }
    })
    await setAccess({ ticketAccess: 'GROUPS', groupIds: [] })
    for (let round = 0; round < 4; round += 1) {
      await setMembers(groups[0], [userId])
      await setMembers(groups[1], [userId])
      await setMembers(groups[0], [])
      await setAccess({ ticketAccess: 'ASSIGNED' })
      await setAccess({ ticketAccess: 'GROUPS', groupIds: [] })
    }
    await setMembers(groups[1], [userId])
    changing = false
    await Promise.all(traffic)
    last = encodeGlobalId('Ticket', (await open(first(), null, AGENT)).id)

    await Promise.all(listening)
    const events = []
    for (let offset = start.head; ; offset += 1_000) {
      const page = await first().store.log.read(offset, 1_000)
      if (page.length === 0) break
      events.push(...page)
    }
    const should = expected(events)
    for (const type of ['ACCESS_CHANGED', 'TICKET_CREATED', 'TICKET_UPDATED', 'TICKET_LEFT'])
      expect(should.some((line) => line.endsWith(type))).toBe(true)
    expect(heard[0]).toEqual(should)
    expect(heard[1]).toEqual(should)
  })

  it('finds by what is open, and by new requests, what they may see now, within two seconds', async () => {
    await setAccess({ ticketAccess: 'ALL', groupIds: [] })
    const { id } = await open(first(), groups[0] ?? null)
    const source = 'query($id: ID!) { ticket(id: $id) { id } }'
    const variables = { id: encodeGlobalId('Ticket', id) }
    const asked = apps.map((app) => {
      const socket = connect(app)
      return async () => {
        const answers = [query<{ ticket: unknown }>(app.url, agent, source, variables)]
        for await (const { data } of socket.iterate<{ ticket: unknown }>({ query: source, variables }))
          if (data) answers.push(Promise.resolve(data))
        return (await Promise.all(answers)).map(({ ticket }) => ticket !== null)
      }
    })
    const seen = async () => (await Promise.all(asked.map((ask) => ask()))).flat()
    const within = { timeout: 2_000, interval: 20 }
    await expect.poll(seen, within).toEqual([true, true, true, true])
    await setAccess({ ticketAccess: 'ASSIGNED' })
    await expect.poll(seen, within).toEqual([false, false, false, false])
    await setAccess({ ticketAccess: 'GROUPS', groupIds: [encodeGlobalId('Group', groups[0] ?? '')] })
    await expect.poll(seen, within).toEqual([true, true, true, true])
    await setMembers(groups[0], [])
    await expect.poll(seen, within).toEqual([false, false, false, false])
  })

  it('is let go at once when deactivated', async () => {
    const closed = apps.map(
      (app) =>
        new Promise<number>((resolve, reject) => {
          const client = connect(app)
          client.on('closed', (event) => resolve((event as { code: number }).code))
          client.subscribe(
            { query: 'subscription { ticketEvents { position } }' },
            {
              next: () => {},
              error: () => {},
              complete: () => {},
            },
          )
          setTimeout(() => reject(new Error('The socket stayed open.')), 10_000).unref()
        }),
    )
    await Promise.all(
      clients.slice(-2).map((client) => new Promise<void>((resolve) => client.on('connected', () => resolve()))),
    )
    const begun = performance.now()
    await setAccess({ active: false })
    expect(await Promise.all(closed)).toEqual([4403, 4403])
    expect(performance.now() - begun).toBeLessThan(2_000)
  })
})
