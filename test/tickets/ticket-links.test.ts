import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LinkShortener, LinkShortenerError } from '../../src/tickets/link-shortener.ts'
import { LINK_CODE, linkOf } from '../../src/tickets/ticket-link.ts'
import { createTicketLinks } from '../../src/tickets/ticket-links.ts'
import { silent } from '../helpers/stores.ts'
import { createWorld, type World } from '../schema/world.ts'

const BASE = 'https://perch.example'
let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

const inChange = <T>(work: Parameters<typeof world.store.change<T>>[1]) =>
  world.store.change({ kind: 'system', part: 'test' }, work).then(({ value }) => value)
const links = (shortener?: LinkShortener) =>
  createTicketLinks({ store: world.store, base: () => BASE, shortener, logger: silent })

describe('a ticket’s short link', () => {
  it('is one, however often and from wherever it is asked for', async () => {
    const { id } = await world.openTicket()
    const codes = await Promise.all(Array.from({ length: 8 }, () => inChange((scope) => linkOf(scope, id))))
    expect(new Set(codes.map(({ code }) => code)).size).toBe(1)
    expect(codes[0]?.code).toMatch(LINK_CODE)
  })

  it('is there exactly if the reply is', async () => {
    const { id } = await world.openTicket()
    const failing = inChange(async (scope) => {
      await linkOf(scope, id)
      throw new Error('the reply came to nothing')
    })
    await expect(failing).rejects.toThrow('nothing')
    expect(await world.store.prisma.ticketLink.count({ where: { ticketId: id } })).toBe(0)
  })

  it('is of either form', async () => {
    const ticket = await world.openTicket()
    const { code } = await inChange((scope) => linkOf(scope, ticket.id))
    const forms = await inChange(async (scope) => [
      await links().forReply(scope, ticket, 'SHORT'),
      await links().forReply(scope, ticket, 'ORIGINAL'),
    ])
    expect(forms).toEqual([`${BASE}/t/${code}`, `${BASE}/requester/tickets/${ticket.number}`])
  })
})

describe('a configured shortener', () => {
  it('is asked once for a ticket, and its link is used from then on', async () => {
    const ticket = await world.openTicket()
    const asked: string[] = []
    const shortener = { shorten: async (url: string) => `https://bit.example/${asked.push(url)}` }
    const shortening = links(shortener)
    await shortening.prepare(ticket)
    await shortening.prepare(ticket)
    expect(asked).toEqual([`${BASE}/requester/tickets/${ticket.number}`])
    expect(await inChange((scope) => shortening.forReply(scope, ticket, 'SHORT'))).toBe('https://bit.example/1')
    // One who gave it up sends its links no more.
    expect(await inChange((scope) => links().forReply(scope, ticket, 'SHORT'))).toMatch(`${BASE}/t/`)
  })

  it('that fails is replaced by our own link, and left alone for a while', async () => {
    const [one, two] = [await world.openTicket(), await world.openTicket()]
    let asked = 0
    const shorten = async () => {
      asked += 1
      throw new LinkShortenerError('not today')
    }
    const failing = links({ shorten })
    await failing.prepare(one)
    await failing.prepare(two)
    expect(asked).toBe(1)
    expect(await inChange((scope) => failing.forReply(scope, two, 'SHORT'))).toMatch(`${BASE}/t/`)
  })
})
