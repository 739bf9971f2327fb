import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import WebSocket from 'ws'
import { query, tokenFor } from '../helpers/perch.ts'
import { type AnsweringWorld, answeringWorld, SENDING_PATHS } from './answering.ts'

/** What an agent who watches sees of one answer, from the mutation to its end. */

let world: AnsweringWorld
beforeAll(async () => {
  world = await answeringWorld(1, 0)
}, 60_000)
afterAll(() => world?.close())
beforeEach(() => world.x.simulator.clearFaults())

const SENDING = { method: 'POST', path: SENDING_PATHS.X_POST }
const SLOW = { match: SENDING, kind: 'delay', delayMs: 3_000 } as const

interface Told {
  readonly ticketEvents: {
    readonly type: string
    readonly changes: readonly { readonly before: string | null; readonly after: string | null }[]
    readonly comment: { readonly id: string; readonly delivery: { readonly state: string } | null } | null
  }
}

interface Audited {
  readonly comment?: { readonly id: string }
  readonly delivery?: { readonly before: string; readonly after: string } | null
}

it.each([
  // X takes the same text of an account only once; a call that hangs was never carried out, but who knows.
  ['SENT', 'Another', SLOW],
  ['FAILED', 'The same', SLOW],
  ['UNKNOWN', 'Lost', { match: SENDING, kind: 'hang' }],
] as const)('QUEUED, SENDING, %s', { timeout: 120_000 }, async (end, text, fault) => {
  const { app, x } = world
  const ticketId = await world.ticket('X_POST', `Will it be ${end}?`)
  const token = await tokenFor(app)
  const { tickets } = await query<{ tickets: { position: string } }>(
    app.url,
    token,
    '{ tickets(first: 1) { position } }',
  )
  const client = createClient({
    url: `${app.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
  })
  const events = client.iterate<Told>({
    query: `subscription($after: Position) { ticketEvents(after: $after) {
      type changes { before after } comment { id delivery { state } } } }`,
    variables: { after: tickets.position },
  })
  // What waits behind a slow one can be seen to wait.
  x.simulator.addFault(SLOW)
  x.simulator.addFault(fault)
  await world.reply(ticketId, 'The same')
  const { id } = await world.reply(ticketId, text)
  const seen: string[] = []
  const steps: string[] = []
  for await (const { data } of events) {
    const { type, changes, comment } = data?.ticketEvents ?? {}
    if (comment?.id !== id) continue
    seen.push(`${type} ${comment.delivery?.state}`)
    if (type === 'COMMENT_UPDATED') steps.push(...(changes ?? []).map(({ before, after }) => `${before} ${after}`))
    if (comment.delivery?.state === end) break
  }
  await client.dispose()
  expect(seen).toEqual(['COMMENT_CREATED QUEUED', 'COMMENT_UPDATED SENDING', `COMMENT_UPDATED ${end}`])
  const told = ['QUEUED SENDING', `SENDING ${end}`]
  expect(steps).toEqual(told)
  const { node } = await query<{ node: { audits: { nodes: { events: Audited[] }[] } } }>(
    app.url,
    token,
    `query($id: ID!) { node(id: $id) { ... on Ticket { audits(first: 20) { nodes { events {
      ... on AuditComment { comment { id } delivery { before after } } } } } } } }`,
    { id: ticketId },
  )
  const audited = node.audits.nodes.flatMap(({ events }) => events).filter(({ comment }) => comment?.id === id)
  expect(audited.flatMap(({ delivery }) => (delivery ? [`${delivery.before} ${delivery.after}`] : []))).toEqual(told)
})
