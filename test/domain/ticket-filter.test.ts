import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { TICKET_CHANNELS, TICKET_PRIORITIES, TICKET_STATUSES, type TicketSnapshot } from '../../src/domain/event.ts'
import { type TicketFilter, ticketFilterSql, ticketPredicate } from '../../src/domain/ticket-filter.ts'
import { type Audience, seesTicket } from '../../src/domain/visibility.ts'
import { createWorld, type World } from '../schema/world.ts'

const id = (index: number): string => `00000000-0000-7000-8000-${index.toString(16).padStart(12, '0')}`
const IDS = [1, 2, 3].map(id)
const TAGS = ['vip', 'late', 'x']

let world: World
let tickets: TicketSnapshot[]

const ticketArbitrary = fc.record({
  status: fc.constantFrom(...TICKET_STATUSES),
  priority: fc.constantFrom(null, ...TICKET_PRIORITIES),
  channel: fc.constantFrom(...TICKET_CHANNELS),
  accountId: fc.constantFrom(...IDS),
  requesterId: fc.constantFrom(...IDS),
  assigneeId: fc.constantFrom(null, ...IDS),
  groupId: fc.constantFrom(null, ...IDS),
  tags: fc.subarray(TAGS),
  deleted: fc.constantFrom(true, false, false),
})

const some = <T>(values: readonly T[]) => fc.option(fc.subarray([...values]), { nil: undefined })
const filterArbitrary: fc.Arbitrary<TicketFilter> = fc.record(
  {
    statuses: some(TICKET_STATUSES),
    channels: some(TICKET_CHANNELS),
    priorities: some(TICKET_PRIORITIES),
    accountIds: some([...IDS, id(9)]),
    requesterIds: some(IDS),
    assigneeIds: some(IDS),
    unassigned: fc.constantFrom(true, false, null),
    groupIds: some(IDS),
    // Written as people write them: the filter brings them into their normal form.
    tags: fc.record(
      { anyOf: some(['VIP ', 'late']), allOf: some(['vip', 'Late']), noneOf: some(['x']) },
      { requiredKeys: [] },
    ),
    deleted: fc.constantFrom(true, false, null),
  },
  { requiredKeys: [] },
)

const audiences: Audience[] = [
  { userId: id(1), role: 'AGENT', ticketAccess: 'ALL', groupIds: [] },
  { userId: id(1), role: 'AGENT', ticketAccess: 'GROUPS', groupIds: [id(2), id(3)] },
  { userId: id(3), role: 'AGENT', ticketAccess: 'ASSIGNED', groupIds: [id(2)] },
  { userId: id(1), role: 'ADMIN', ticketAccess: 'ALL', groupIds: [] },
  { userId: id(2), role: 'END_USER', ticketAccess: 'ALL', groupIds: [] },
]

beforeAll(async () => {
  world = await createWorld()
  const { prisma } = world.store
  for (const [index, key] of IDS.entries()) {
    await prisma.user.create({ data: { id: key, role: 'AGENT', name: key, email: `${key}@example.org` } })
    await prisma.group.create({ data: { id: key, name: key } })
    await prisma.account.create({ data: { id: key, xUserId: `9${index}`, screenName: key, name: key } })
  }
  tickets = fc.sample(ticketArbitrary, { numRuns: 300, seed: 7 }).map((ticket, index) => ({
    ...ticket,
    id: id(100 + index),
    number: index + 1,
  }))
  await prisma.ticket.createMany({
    data: tickets.map(({ deleted, ...ticket }) => ({
      ...ticket,
      subject: ticket.id,
      threadKey: ticket.id,
      deletedAt: deleted ? new Date() : null,
    })),
  })
})
afterAll(() => world.close())

it('finds in the database exactly what the predicate holds for, for every filter and audience', async () => {
  let found = 0
  await fc.assert(
    fc.asyncProperty(filterArbitrary, fc.constantFrom(...audiences), async (filter, audience) => {
      const where = ticketFilterSql(filter, audience)
      const rows = await world.store.prisma.$queryRawUnsafe<{ id: string }[]>(
        `SELECT t.id::text AS id FROM ticket t WHERE ${where.text} ORDER BY t.id`,
        ...where.values,
      )
      const matches = ticketPredicate(filter)
      const expected = tickets.filter(
        (ticket) => ticket.deleted === (filter.deleted === true) && matches(ticket) && seesTicket(audience, ticket),
      )
      expect(rows.map((row) => row.id)).toEqual(expected.map((ticket) => ticket.id))
      found += rows.length
    }),
    { numRuns: 400, seed: 11 },
  )
  // The sample must not be one where filters find nothing.
  expect(found).toBeGreaterThan(500)
})
