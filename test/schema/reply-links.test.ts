import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWorld, gid, type World } from './world.ts'

/** F52: links to tickets' pages in what agents answer; and answers to what was said on the page (F53). */

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world?.close())

const settings = (data: object) => world.store.prisma.workspace.update({ where: { id: 1 }, data })
const ON = { requesterPage: true, requesterSignIn: true, ticketLinks: 'ALWAYS', ticketLinkForm: 'SHORT' }

let posts = 8_000_000_000
async function post(data: object = {}) {
  const ticket = await world.openTicket({ body: '@acme where is my parcel?', ...data })
  const externalId = String(posts++)
  await world.store.prisma.comment.update({ where: { id: ticket.commentId }, data: { externalId } })
  return { ...ticket, externalId, ticketId: gid('Ticket', ticket.id) }
}

interface Replied {
  replyToTicket: { comment: { body: string } | null; userErrors: { code: string; field: string[]; message: string }[] }
}
async function reply(input: object) {
  const text = `mutation ($input: ReplyToTicketInput!) { replyToTicket(input: $input) {
    comment { body } userErrors { code field message } } }`
  const { data, errors } = await world.ask<Replied>(world.agent, text, { input })
  expect(errors).toEqual([])
  return data.replyToTicket
}
async function options(variables: object) {
  const text = `query ($ticketId: ID!, $body: String!, $ticketLink: Boolean) {
    replyOptions(ticketId: $ticketId, body: $body, ticketLink: $ticketLink) { text weightedLength charactersLeft price } }`
  return (await world.ask<{ replyOptions: object }>(world.agent, text, { ...variables })).data.replyOptions
}

describe('an answer', () => {
  it('carries the link always, as replyOptions said before; it counts as X counts links, and costs as they do', async () => {
    await settings(ON)
    const { ticketId, id } = await post()
    expect(await options({ ticketId, body: 'On it.' })).toEqual({
      text: 'On it. https://perch.example.com/t/0000000000',
      weightedLength: 30,
      charactersLeft: 250,
      price: '0.20',
    })
    const { comment } = await reply({ ticketId, body: 'On it.' })
    const { code } = await world.store.prisma.ticketLink.findUniqueOrThrow({ where: { ticketId: id } })
    expect(comment?.body).toBe(`On it. https://perch.example.com/t/${code}`)
    const [fits, tooLong] = [
      await reply({ ticketId, body: 'x'.repeat(256) }),
      await reply({ ticketId, body: 'x'.repeat(257) }),
    ]
    expect(fits.userErrors).toEqual([])
    expect(tooLong).toMatchObject({
      comment: null,
      userErrors: [
        { code: 'INVALID_INPUT', field: ['body'], message: expect.stringContaining('1 character too many') },
      ],
    })
    expect(await reply({ ticketId, body: 'x', ticketLink: false })).toMatchObject({
      comment: null,
      userErrors: [{ code: 'TICKET_LINK_ALWAYS', field: ['ticketLink'] }],
    })
  })

  it('carries it where the agent says so, when agents decide', async () => {
    await settings({ ...ON, ticketLinks: 'AGENT_DECIDES', ticketLinkForm: 'ORIGINAL' })
    const { ticketId, number } = await post()
    const link = `https://perch.example.com/requester/tickets/${number}`
    expect(await options({ ticketId, body: 'a', ticketLink: true })).toMatchObject({ text: `a ${link}` })
    expect((await reply({ ticketId, body: 'a', ticketLink: true })).comment?.body).toBe(`a ${link}`)
    for (const more of [{}, { ticketLink: false }, { ticketLink: null }]) {
      expect((await reply({ ticketId, body: 'a', ...more })).comment?.body).toBe('a')
    }
  })

  it('carries none while requesters cannot sign in', async () => {
    await settings({ ...ON, requesterSignIn: false })
    const { ticketId } = await post()
    expect((await reply({ ticketId, body: 'a' })).comment?.body).toBe('a')
    expect(await reply({ ticketId, body: 'a', ticketLink: true })).toMatchObject({
      userErrors: [{ code: 'TICKET_LINKS_NEED_SIGN_IN', field: ['ticketLink'] }],
    })
  })

  it('to a follow-up that was opened on the page threads to the last post of what it continues', async () => {
    const { ticketId, id, externalId } = await post({ status: 'CLOSED' })
    const add = `mutation ($input: AddCommentInput!) { addComment(input: $input) { ticket { id } userErrors { code } } }`
    const again = async (ticket: string) => {
      const input = { ticketId: ticket, body: 'It is broken again.' }
      const { data } = await world.ask<{ addComment: { ticket: { id: string } } }>(world.customer, add, { input })
      return data.addComment.ticket.id
    }
    const second = await again(ticketId)
    await world.store.prisma.ticket.updateMany({ where: { followUpOfId: id }, data: { status: 'CLOSED' } })
    const third = await again(second)
    expect(third).not.toBe(second)
    expect(await reply({ ticketId: third, body: 'We look into it.' })).toMatchObject({ userErrors: [] })
    const sent = await world.store.prisma.delivery.findFirstOrThrow({ orderBy: { createdAt: 'desc' } })
    expect([gid('Ticket', sent.ticketId), sent.target]).toEqual([third, externalId])
  })
})
