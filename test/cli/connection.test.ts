import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { connect } from '../../cli/connection.ts'
import { followTickets } from '../../cli/follow.ts'
import { createSimulator, type Simulator } from '../../simulator/index.ts'
import type { App } from '../../src/app.ts'
import { FIRST_USERS } from '../../src/store/bootstrap.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { connectBrand, startPerch } from '../helpers/perch.ts'

const { id, role } = FIRST_USERS.agent

describe('the connection of the watch', () => {
  let simulator: Simulator
  let database: TestDatabase
  let app: App

  beforeAll(async () => {
    ;[simulator, database] = await Promise.all([createSimulator(), testDatabase()])
    await connectBrand(database.url, simulator)
    app = await startPerch({ databaseUrl: database.url, simulatorUrl: simulator.url })
    simulator.createUser({ username: 'mira_test' })
  }, 30_000)

  afterAll(async () => {
    await app?.close()
    await Promise.all([simulator?.close(), database?.drop()])
  })

  function follow(options: { ttlSeconds: number; renewable: boolean }) {
    const token = vi.fn(() => app.signer.sign({ sub: id, role, ttlSeconds: options.ttlSeconds }))
    const ws = `${app.url.replace('http', 'ws')}/graphql`
    const client = connect({ server: { ws, token, renewable: options.renewable }, say: () => {} })
    const subjects: (string | undefined)[] = []
    const onTicket = ({ ticket }: { ticket: { subject: string } | null }) => void subjects.push(ticket?.subject)
    const over = followTickets(client, { after: undefined, onTicket, say: () => {} })
    over.catch(() => {})
    return { token, subjects, over, client }
  }

  it('goes on with a new token when its own has expired', async () => {
    const { token, subjects, client } = follow({ ttlSeconds: 2, renewable: true })
    await vi.waitFor(() => expect(token.mock.calls.length).toBeGreaterThanOrEqual(3), { timeout: 15_000 })
    simulator.createPost({ from: 'mira_test', text: '@acme behind two tokens' })
    await vi.waitFor(() => expect(subjects).toEqual(['behind two tokens']), { timeout: 10_000 })
    client.terminate()
    await client.dispose()
  }, 30_000)

  it('ends when a token that it was given has expired', async () => {
    const { over, token } = follow({ ttlSeconds: 2, renewable: false })
    await expect(over).rejects.toThrow(/^Perch refused the token \(.*expired\): give another/i)
    expect(token).toHaveBeenCalledTimes(1)
  }, 15_000)

  it('ends when its own token is refused from the first', async () => {
    const { over, token } = follow({ ttlSeconds: -60, renewable: true })
    await expect(over).rejects.toThrow(/^Perch refused the token/)
    expect(token).toHaveBeenCalledTimes(1)
  }, 15_000)
})

it('takes nothing more from a socket that it gave up, whatever that brings late', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'graphql-transport-ws' })
  const subscribed: { socket: WebSocket; wire: Socket; id: string; after: string }[] = []
  server.on('connection', (socket, { socket: wire }) => {
    socket.on('message', (data) => {
      const { type, id, payload } = JSON.parse(String(data))
      if (type === 'connection_init') socket.send(JSON.stringify({ type: 'connection_ack' }))
      if (type === 'subscribe') subscribed.push({ socket, wire, id, after: payload.variables.after })
    })
  })
  await once(server, 'listening')
  const ws = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = connect({ server: { ws, token: async () => 'token', renewable: false }, say: () => {} })
  const seen: string[] = []
  followTickets(client, { after: 'e:0', onTicket: ({ position }) => void seen.push(position), say: () => {} }).catch(
    () => {},
  )
  const tell = (connection: number, position: string) => {
    const { socket, id } = subscribed[connection] ?? {}
    const data = { ticketCreated: { position, at: '2026-11-23T00:00:00Z', ticket: null } }
    socket?.send(JSON.stringify({ type: 'next', id, payload: { data } }))
  }
  try {
    await expect.poll(() => subscribed.length).toBe(1)
    tell(0, 'e:1')
    await expect.poll(() => seen).toEqual(['e:1'])
    // The network falls silent: the other side hears nothing of being given up, and goes on.
    subscribed[0]?.wire.pause()
    client.terminate()
    await expect.poll(() => subscribed.length).toBe(2)
    expect(subscribed[1]).toMatchObject({ id: subscribed[0]?.id, after: 'e:1' })
    tell(0, 'e:9')
    await new Promise((resolve) => setTimeout(resolve, 200))
    tell(1, 'e:2')
    await expect.poll(() => seen.length).toBe(2)
    expect(seen).toEqual(['e:1', 'e:2'])
  } finally {
    client.terminate()
    for (const socket of server.clients) socket.terminate()
    server.close()
  }
})
