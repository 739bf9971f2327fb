import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reply } from '../../src/outbound/reply.ts'
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
})

const settings = (data: object) => world.store.prisma.workspace.update({ where: { id: 1 }, data })
const ON = { requesterPage: true, requesterSignIn: true, ticketLinks: 'ALWAYS', ticketLinkForm: 'SHORT' }

describe('a reply', () => {
  it('carries the link that the settings and the agent say; nothing is made before it is sent', async () => {
    const ticket = await world.openTicket()
    const made = () => world.store.prisma.ticketLink.findUnique({ where: { ticketId: ticket.id } })
    const both = async (wanted?: boolean) => {
      const texts = [{ ticket, text: 'We are on it.', wanted }]
      const [preview] = await links().preview(world.store.prisma, texts)
      const [added] = await inChange((scope) => links().addTo(scope, texts))
      return [preview, added]
    }
    const plain = { body: 'We are on it.', form: null }
    expect(await both()).toEqual([plain, plain])
    expect(await both(true)).toMatchObject([
      { refused: { code: 'TICKET_LINKS_NEED_SIGN_IN' } },
      { refused: { code: 'TICKET_LINKS_NEED_SIGN_IN' } },
    ])
    await settings({ ...ON, ticketLinkForm: 'ORIGINAL' })
    const original = { body: `We are on it. ${BASE}/requester/tickets/${ticket.number}`, form: 'ORIGINAL' }
    expect(await both()).toEqual([original, original])
    expect(await made()).toBeNull()
    await settings(ON)
    const [measured] = await both()
    const short = { body: `We are on it. ${BASE}/t/${(await made())?.code}`, form: 'SHORT' }
    expect(measured).toEqual({ ...short, body: `We are on it. ${BASE}/t/0000000000` })
    expect(await both()).toEqual([short, short])
    await settings({ ticketLinks: 'AGENT_DECIDES' })
    expect(await both(false)).toEqual([plain, plain])
    expect(await both(true)).toEqual([short, short])
  })
})

describe('a configured shortener', () => {
  const textOf = async (of: ReturnType<typeof links>, ticket: { id: string; number: number }) => {
    const [linked] = await inChange((scope) => of.addTo(scope, [{ ticket, text: 'Hi' }]))
    return linked && 'body' in linked ? linked.body : linked?.refused.code
  }

  it('is asked for nothing while no short links are sent', async () => {
    const ticket = await world.openTicket()
    const shorten = () => Promise.reject(new Error('not to be asked'))
    for (const how of [{ requesterSignIn: false }, { ...ON, ticketLinkForm: 'ORIGINAL' }]) {
      await settings(how)
      await links({ shorten }).prepare(ticket.id, undefined, async () => true)
    }
    expect(await world.store.prisma.ticketLink.count({ where: { ticketId: ticket.id } })).toBe(0)
    await settings(ON)
  })

  it('is asked once for a ticket, and its link is used from then on', async () => {
    const ticket = await world.openTicket()
    const asked: string[] = []
    const shortener = { shorten: async (url: string) => `https://bit.example/${asked.push(url)}` }
    const shortening = links(shortener)
    await shortening.prepare(ticket.id, undefined, async () => true)
    await shortening.prepare(ticket.id, undefined, async () => true)
    expect(asked).toEqual([`${BASE}/requester/tickets/${ticket.number}`])
    expect(await textOf(shortening, ticket)).toBe('Hi https://bit.example/1')
    // One who gave it up sends its links no more.
    expect(await textOf(links(), ticket)).toContain(`${BASE}/t/`)
  })

  it.each<[string, object, { ticketLink?: boolean; body?: string; accountId?: string }, object, number]>([
    ['that is to carry it', ON, {}, {}, 1],
    ['whose agent wants it', { ...ON, ticketLinks: 'AGENT_DECIDES' }, { ticketLink: true }, {}, 1],
    ['whose agent does not ask for it', { ...ON, ticketLinks: 'AGENT_DECIDES' }, {}, {}, 0],
    ['whose agent refuses it and may not', ON, { ticketLink: false }, {}, 0],
    ['that is too long', ON, { body: 'x'.repeat(281) }, {}, 0],
    ['of an account that is not there', ON, { accountId: randomUUID() }, {}, 0],
    ['to a ticket that is closed', ON, {}, { status: 'CLOSED' }, 0],
    ['to a ticket that is deleted', ON, {}, { deletedAt: new Date() }, 0],
    ['to a ticket that the agent does not see', ON, {}, { assigneeId: null, groupId: null }, 0],
  ])('is asked for no reply but one %s', async (what, how, request, change, times) => {
    await settings(how)
    const ticket = await world.openTicket({ body: '@acme hello?' })
    const externalId = String(Math.floor(Math.random() * 1e15))
    await world.store.prisma.comment.update({ where: { id: ticket.commentId }, data: { externalId } })
    await world.store.prisma.ticket.update({ where: { id: ticket.id }, data: change })
    let asked = 0
    const shorten = async () => `https://bit.example/${what.length}${++asked}`
    const services = { store: world.store, selfServe: true, links: links({ shorten }) }
    const restricted = what.includes('does not see')
    const person = { ...world.agent, ticketAccess: restricted ? 'ASSIGNED' : 'ALL', groupIds: [] } as const
    const { userErrors } = await reply(services, person, { ticketId: ticket.id, body: 'Yes.', ...request })
    const sent = times === 1 || what.includes('does not ask')
    expect([userErrors.length === 0, asked]).toEqual([sent, times])
    await settings(ON)
  })

  it('that fails is replaced by our own link, and left alone for a while', async () => {
    const [one, two] = [await world.openTicket(), await world.openTicket()]
    let asked = 0
    const shorten = async () => {
      asked += 1
      throw new LinkShortenerError('not today')
    }
    const failing = links({ shorten })
    await failing.prepare(one.id, undefined, async () => true)
    await failing.prepare(two.id, undefined, async () => true)
    expect(asked).toBe(1)
    expect(await textOf(failing, two)).toContain(`${BASE}/t/`)
  })
})
