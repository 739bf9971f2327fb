import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWorld, type World } from './world.ts'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

const CREATED = 'subscription($after: Position) { ticketCreated(after: $after) { ticket { number } } }'
const EVENTS = 'subscription($after: Position) { ticketEvents(after: $after) { comment { body } } }'
interface Created {
  readonly ticketCreated: { readonly ticket: { readonly number: number } }
}

describe('query, then subscribe after its position', () => {
  it('shows every ticket exactly once, however many are being written', async () => {
    const written: number[] = []
    let writing = true
    const writers = Array.from({ length: 4 }, async () => {
      while (writing) written.push((await world.openTicket()).number)
    })
    const rounds: (() => Promise<void>)[] = []
    for (let round = 0; round < 10; round++) {
      const { data, errors } = await world.ask<{
        tickets: { position: string; totalCount: number; nodes: readonly { number: number }[] }
      }>(world.agent, '{ tickets(first: 100, orderBy: { field: NUMBER }) { position totalCount nodes { number } } }')
      expect(errors).toEqual([])
      const events = await world.listen<Created>(world.agent, CREATED, { after: data.tickets.position })
      const listed = data.tickets.nodes.map(({ number }) => number)
      rounds.push(async () => {
        const heard: number[] = []
        // The last one written is heard last: transactions get their place in the log in the order they commit.
        while (!heard.includes(last.number)) heard.push((await events.next()).data.ticketCreated.ticket.number)
        const all = [...listed, ...heard]
        expect(new Set(all).size).toBe(all.length)
        const oldest = listed.at(-1) ?? 0
        const expected = [...written, last.number].filter((number) => number >= oldest)
        expect(expected.filter((number) => !all.includes(number))).toEqual([])
        expect(data.tickets.totalCount + heard.length).toBe(await world.store.prisma.ticket.count())
        await events.stop()
      })
    }
    writing = false
    await Promise.all(writers)
    const last = await world.openTicket()
    for (const check of rounds) await check()
    expect(written.length).toBeGreaterThan(10)
  })

  it('repeats no comment: those in the list are of the same moment', async () => {
    const { id } = await world.openTicket({ body: '0' })
    let writing = true
    let count = 0
    const writer = (async () => {
      while (writing) await world.addComment(id, { body: String(++count) })
    })()
    const source = `query { tickets(first: 1) { position nodes { comments(last: 100) { nodes { body } } } } }`
    type Listed = { tickets: { position: string; nodes: [{ comments: { nodes: { body: string }[] } }] } }
    type Heard = { ticketEvents: { comment: { body: string } } }
    const pages = []
    for (let round = 0; round < 8; round++) pages.push((await world.ask<Listed>(world.agent, source)).data.tickets)
    writing = false
    await writer
    for (const { position, nodes } of pages) {
      const listed = nodes[0].comments.nodes.map(({ body }) => Number(body))
      const newest = Math.max(...listed)
      if (newest === count) continue
      const events = await world.listen<Heard>(world.agent, EVENTS, { after: position })
      expect(Number((await events.next()).data.ticketEvents.comment.body)).toBe(newest + 1)
      await events.stop()
    }
    expect(count).toBeGreaterThan(4)
  })
})
