import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createAuthenticator, createTokenSigner, deriveTokenKey } from '../../src/server/auth.ts'
import { createMetrics } from '../../src/server/metrics.ts'
import { type RunningServer, startServer } from '../../src/server/server.ts'
import { at, createWorld, type World } from '../schema/world.ts'
import { knownUser } from '../server/support.ts'
import { followTickets } from './follow-tickets.ts'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

const key = deriveTokenKey('a secret of this test')

const serve = (): Promise<RunningServer> =>
  startServer({
    host: '127.0.0.1',
    port: 0,
    schema: world.schema,
    services: {
      prisma: world.store.prisma,
      store: world.store,
      feed: world.feed,
      accounts: world.accounts,
      incomingPosts: world.context(null).incomingPosts,
      profiles: world.context(null).profiles,
      replies: world.context(null).replies,
      bulkUpdates: world.context(null).bulkUpdates,
    },
    auth: createAuthenticator({ key, findUser: async (id) => knownUser(id, 'AGENT') }),
    graphiql: false,
    metrics: createMetrics(),
    readiness: async () => ({}),
    logger: pino({ level: 'silent' }),
  })

const token = () => createTokenSigner(key).sign({ sub: world.agent.userId, role: 'AGENT', ttlSeconds: 60 })

/** A network between client and server that can be cut. */
async function network(first: RunningServer) {
  let server = first
  const sockets = new Set<Socket>()
  const proxy = createServer((near) => {
    const far = connect(server.port, '127.0.0.1')
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => other.destroy())
      socket.pipe(other)
    }
  })
  const listen = async (port: number) => {
    proxy.listen(port, '127.0.0.1')
    await once(proxy, 'listening')
  }
  await listen(0)
  const address = proxy.address()
  if (address === null || typeof address === 'string') throw new Error('unreachable')
  const { port } = address
  const cut = () => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  return {
    url: `ws://127.0.0.1:${port}/graphql`,
    cut,
    down() {
      proxy.close()
      cut()
    },
    up: () => listen(port),
    leadTo(next: RunningServer) {
      server = next
    },
  }
}

it('the example of PROTOCOL.md sees every ticket once and in order, through cuts, outages and restarts', async () => {
  let server = await serve()
  const net = await network(server)
  const opened: number[] = []
  const open = async (count: number) => {
    for (let i = 0; i < count; i += 1) opened.push((await world.openTicket()).number)
  }
  const missed = await world.openTicket()
  await open(3)
  const seen: number[] = []
  const ends: unknown[] = []
  const leave = followTickets({
    url: net.url,
    token,
    after: at(missed.position),
    onTicket: ({ ticket }) => seen.push(ticket?.number ?? 0),
    onEnd: (errors) => ends.push(errors),
  })
  const caughtUp = () => expect.poll(() => seen, { timeout: 10_000 }).toEqual(opened)
  await open(3)
  await caughtUp()
  for (const _ of [1, 2]) {
    net.cut()
    await open(3)
    await caughtUp()
  }
  net.down()
  await open(3)
  await net.up()
  await caughtUp()
  const old = server
  server = await serve()
  net.leadTo(server)
  await Promise.all([old.close(), open(3)])
  await caughtUp()
  expect(ends).toEqual([])
  leave()
  await expect.poll(() => world.feed.readers()).toBe(0)
  net.down()
  await server.close()
})

it('the example of PROTOCOL.md ends with the reason when its position has expired', async () => {
  const server = await serve()
  const errors = await new Promise<unknown>((resolve) => {
    followTickets({
      url: `ws://127.0.0.1:${server.port}/graphql`,
      token,
      after: 'abc123:1',
      onTicket: () => resolve('a ticket'),
      onEnd: resolve,
    })
  })
  expect(errors).toMatchObject([{ extensions: { code: 'POSITION_EXPIRED' } }])
  await server.close()
})

it('the example of PROTOCOL.md is the one that is tested here', () => {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
  expect(read('../../src/pubsub/PROTOCOL.md')).toContain(`\`\`\`ts\n${read('./follow-tickets.ts')}\`\`\``)
})
