import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { allOf } from '../../src/domain/sql.ts'
import { TICKET_ACCESS } from '../../src/domain/ticket-access.ts'
import {
  type Audience,
  audienceKey,
  seesComment,
  seesTicket,
  visibleComments,
  visibleCommentsSql,
  visibleTickets,
  visibleTicketsSql,
} from '../../src/domain/visibility.ts'
import { createWorld, type World } from '../schema/world.ts'

/* F56: the rule's three readings are one rule, on random tickets in a real database. */

const id = (index: number): string => `00000000-0000-7000-8000-${index.toString(16).padStart(12, '0')}`
const PEOPLE = [1, 2, 3].map(id)
const GROUPS = [4, 5, 6].map(id)

const sightArbitrary = fc.record({
  requesterId: fc.constantFrom(...PEOPLE),
  assigneeId: fc.constantFrom(null, ...PEOPLE),
  groupId: fc.constantFrom(null, ...GROUPS),
  deleted: fc.constantFrom(true, false),
})
type Sight = typeof sightArbitrary extends fc.Arbitrary<infer T> ? T : never

const audienceArbitrary: fc.Arbitrary<Audience> = fc.record({
  userId: fc.constantFrom(...PEOPLE, id(9)),
  role: fc.constantFrom('ADMIN', 'AGENT', 'AGENT', 'AGENT', 'END_USER'),
  ticketAccess: fc.constantFrom(...TICKET_ACCESS),
  groupIds: fc.subarray([...GROUPS, id(10)]),
})

let world: World
let tickets: (Sight & { id: string })[]
let comments: { id: string; ticketId: string; visibility: 'PUBLIC' | 'PRIVATE' }[]

beforeAll(async () => {
  world = await createWorld()
  const { prisma } = world.store
  await prisma.user.createMany({
    data: PEOPLE.map((key) => ({ id: key, role: 'AGENT', name: key, email: `${key}@example.org` })),
  })
  await prisma.group.createMany({ data: GROUPS.map((key) => ({ id: key, name: key })) })
  tickets = fc
    .sample(sightArbitrary, { numRuns: 200, seed: 56 })
    .map((sight, index) => ({ ...sight, id: id(100 + index) }))
  await prisma.ticket.createMany({
    data: tickets.map(({ deleted, ...ticket }) => ({
      ...ticket,
      deletedAt: deleted ? new Date() : null,
      accountId: world.accountId,
      channel: 'X_CORP',
      subject: ticket.id,
      threadKey: ticket.id,
    })),
  })
  comments = fc
    .sample(fc.tuple(fc.constantFrom(...tickets), fc.constantFrom('PUBLIC', 'PRIVATE')), { numRuns: 300, seed: 58 })
    .map(([ticket, visibility], index) => ({ id: id(1_000 + index), ticketId: ticket.id, visibility }))
  await prisma.comment.createMany({
    data: comments.map((comment) => ({
      ...comment,
      direction: 'OUTBOUND',
      channel: 'API',
      body: comment.id,
      postedAt: new Date(),
    })),
  })
})
afterAll(() => world.close())

it('finds by SQL and by Prisma exactly the tickets that the predicate holds for, whoever looks', async () => {
  const sizes = new Set<number>()
  await fc.assert(
    fc.asyncProperty(audienceArbitrary, async (audience) => {
      const expected = tickets.filter((ticket) => seesTicket(audience, ticket)).map((ticket) => ticket.id)
      sizes.add(expected.length)
      const where = visibleTicketsSql(audience)
      const bySql = await world.store.prisma.$queryRawUnsafe<{ id: string }[]>(
        `SELECT t.id::text AS id FROM ticket t WHERE ${where.text} ORDER BY t.id`,
        ...where.values,
      )
      expect(bySql.map((row) => row.id)).toEqual(expected)
      const byPrisma = await world.store.prisma.ticket.findMany({
        where: visibleTickets(audience),
        select: { id: true },
        orderBy: { id: 'asc' },
      })
      expect(byPrisma.map((row) => row.id)).toEqual(expected)
    }),
    { numRuns: 150, seed: 56 },
  )
  // Everything, nothing, and much in between must have been among them.
  expect(sizes).toContain(tickets.length)
  expect(sizes.size).toBeGreaterThan(10)
})

it('finds by SQL and by Prisma exactly the comments that the predicates hold for, whoever looks', async () => {
  const sizes = new Set<number>()
  const ticketOf = new Map(tickets.map((ticket) => [ticket.id, ticket]))
  await fc.assert(
    fc.asyncProperty(audienceArbitrary, async (audience) => {
      const expected = comments
        .filter((comment) => {
          const ticket = ticketOf.get(comment.ticketId)
          return ticket && seesTicket(audience, ticket) && seesComment(audience, comment)
        })
        .map((comment) => comment.id)
      sizes.add(expected.length)
      const where = allOf([visibleTicketsSql(audience), visibleCommentsSql(audience)])
      const bySql = await world.store.prisma.$queryRawUnsafe<{ id: string }[]>(
        `SELECT c.id::text AS id FROM comment c JOIN ticket t ON t.id = c.ticket_id WHERE ${where.text} ORDER BY c.id`,
        ...where.values,
      )
      expect(bySql.map((row) => row.id)).toEqual(expected)
      const byPrisma = await world.store.prisma.comment.findMany({
        where: { ...visibleComments(audience), ticket: visibleTickets(audience) },
        select: { id: true },
        orderBy: { id: 'asc' },
      })
      expect(byPrisma.map((row) => row.id)).toEqual(expected)
    }),
    { numRuns: 100, seed: 58 },
  )
  expect(sizes).toContain(comments.length)
  expect(sizes.size).toBeGreaterThan(10)
})

it('stands beside an id without letting it through', async () => {
  const restricted: Audience = { userId: id(9), role: 'AGENT', ticketAccess: 'GROUPS', groupIds: [id(4)] }
  const hidden = tickets.find((ticket) => !seesTicket(restricted, ticket))
  const seen = tickets.find((ticket) => seesTicket(restricted, ticket))
  if (!hidden || !seen) throw new Error('The sample must have both.')
  const { prisma } = world.store
  const found = async (ticketId: string) =>
    prisma.ticket.findUnique({ where: { id: ticketId, ...visibleTickets(restricted) } })
  expect(await found(hidden.id)).toBeNull()
  expect(await found(seen.id)).toMatchObject({ id: seen.id })
})

it('gives audiences the same key only if they see the same', () => {
  fc.assert(
    fc.property(audienceArbitrary, audienceArbitrary, fc.array(sightArbitrary), (one, other, sights) => {
      fc.pre(audienceKey(one) === audienceKey(other))
      for (const sight of sights) expect(seesTicket(one, sight)).toBe(seesTicket(other, sight))
    }),
    { numRuns: 500, seed: 57 },
  )
})
