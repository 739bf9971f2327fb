import fc from 'fast-check'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWorld, gid, type World } from './world.ts'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

const FIELDS = ['CREATED_AT', 'UPDATED_AT', 'NUMBER', 'PRIORITY', 'STATUS'] as const
const PAGE = `query($first: Int, $last: Int, $after: String, $before: String, $filter: TicketFilter, $orderBy: TicketOrder!) {
  tickets(first: $first, last: $last, after: $after, before: $before, filter: $filter, orderBy: $orderBy) {
    nodes { number }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`

interface Page {
  readonly tickets: {
    readonly nodes: readonly { readonly number: number }[]
    readonly pageInfo: {
      readonly hasNextPage: boolean
      readonly hasPreviousPage: boolean
      readonly startCursor: string | null
      readonly endCursor: string | null
    }
  }
}

async function page(variables: Record<string, unknown>): Promise<Page['tickets']> {
  const { data, errors } = await world.ask<Page>(world.agent, PAGE, variables)
  expect(errors).toEqual([])
  return data.tickets
}

/** A forged cursor. */
const cursor = (place: unknown[]) => Buffer.from(JSON.stringify([...place, uuidv7()])).toString('base64url')

/** Many of one moment and one status, so that the id has to break ties. */
const ticket = fc.record({
  createdAt: fc.integer({ min: 0, max: 3 }).map((second) => new Date(Date.UTC(2026, 0, 1, 0, 0, second))),
  updatedAt: fc.integer({ min: 0, max: 3 }).map((second) => new Date(Date.UTC(2026, 0, 2, 0, 0, second))),
  priority: fc.constantFrom(null, 'LOW', 'URGENT'),
  status: fc.constantFrom('NEW', 'OPEN', 'SOLVED'),
})

describe('paging while tickets come in', () => {
  it('shows each of the original tickets exactly once, and none twice, in every order, forwards and backwards', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(ticket, { minLength: 1, maxLength: 12 }),
        fc.array(ticket, { maxLength: 6 }),
        fc.constantFrom(...FIELDS),
        fc.constantFrom('ASC', 'DESC'),
        fc.boolean(),
        fc.integer({ min: 1, max: 5 }),
        async (original, later, field, direction, forwards, size) => {
          const accountId = uuidv7()
          await world.store.prisma.account.create({
            // Unlinked, for a plan has room for five only.
            data: {
              id: accountId,
              xUserId: accountId,
              screenName: 'a',
              name: 'A',
              status: 'UNLINKED',
              unlinkedAt: new Date(),
            },
          })
          const create = (data: typeof original) =>
            world.store.prisma.ticket.createManyAndReturn({
              select: { number: true },
              data: data.map((values) => {
                const id = uuidv7()
                return {
                  ...values,
                  id,
                  subject: id,
                  threadKey: id,
                  channel: 'X_CORP',
                  accountId,
                  requesterId: world.customer.userId,
                } as const
              }),
            })
          const wanted = (await create(original)).map(({ number }) => number)

          const options = {
            orderBy: { field, direction },
            filter: { accountIds: [gid('Account', accountId)] },
          }
          const reference = (await page({ ...options, first: 100 })).nodes.map(({ number }) => number)
          const seen: number[] = []
          const waiting = [...later]
          let cursor: string | null = null
          for (;;) {
            const args = forwards ? { first: size, after: cursor } : { last: size, before: cursor }
            const { nodes, pageInfo } = await page({ ...options, ...args })
            const found = nodes.map(({ number }) => number)
            if (forwards) seen.push(...found)
            else seen.unshift(...found)
            if (!(forwards ? pageInfo.hasNextPage : pageInfo.hasPreviousPage)) break
            cursor = forwards ? pageInfo.endCursor : pageInfo.startCursor
            // Between two pages, others come in: anywhere in the order.
            await create(waiting.splice(0, 2))
          }
          expect(new Set(seen).size).toBe(seen.length)
          expect(seen.filter((number) => wanted.includes(number))).toEqual(reference)
        },
      ),
      { numRuns: 25, seed: 3 },
    )
  })
})

describe('a page', () => {
  const orderBy = { field: 'NUMBER', direction: 'ASC' }
  let filter: object
  beforeAll(async () => {
    const accountId = uuidv7()
    await world.store.prisma.account.create({ data: { id: accountId, xUserId: accountId, screenName: 'b', name: 'B' } })
    for (let count = 0; count < 52; count++) await world.openTicket({ accountId })
    filter = { accountIds: [gid('Account', accountId)] }
  })

  it('has 50 tickets when nobody says how many', async () => {
    const { nodes, pageInfo } = await page({ orderBy, filter })
    expect(nodes).toHaveLength(50)
    expect(pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false })
  })
  it('can be empty', async () => {
    const { nodes, pageInfo } = await page({ orderBy, filter, first: 0 })
    expect(nodes).toEqual([])
    expect(pageInfo).toEqual({ hasNextPage: true, hasPreviousPage: false, startCursor: null, endCursor: null })
  })
  it('can lie between two cursors', async () => {
    const all = await page({ orderBy, filter, first: 5 })
    const second = await page({ orderBy, filter, first: 2 })
    const between = await page({
      orderBy,
      filter,
      after: second.pageInfo.startCursor,
      before: all.pageInfo.endCursor,
    })
    expect(between.nodes).toEqual(all.nodes.slice(1, 4))
  })
  it.each<[Record<string, unknown>, RegExp]>([
    [{ first: 101 }, /`first` must be between 0 and 100; it is 101/],
    [{ last: -1 }, /`last` must be between 0 and 100; it is -1/],
    [{ first: 1, last: 1 }, /either `first` or `last`/],
    [{ after: 'garbage' }, /not a cursor/],
    [{ before: Buffer.from('["NUMBER ASC",1]').toString('base64url') }, /not a cursor/],
    [{ after: cursor(['NUMBER ASC', 'x']) }, /not a cursor/],
    [{ after: cursor(['NUMBER ASC', 1e20]) }, /not a cursor/],
    [
      { orderBy: { field: 'CREATED_AT' }, after: cursor(['CREATED_AT DESC', '0000-01-01T00:00:00.000Z']) },
      /not a cursor/,
    ],
  ])('refuses %j', async (variables, message) => {
    const { errors } = await world.ask(world.agent, PAGE, { orderBy, ...variables })
    expect(errors).toEqual([expect.stringMatching(/^BAD_REQUEST: /)])
    expect(errors[0]).toMatch(message)
  })
  it('refuses the cursor of another order, and says of which', async () => {
    const { pageInfo } = await page({ orderBy, filter, first: 1 })
    for (const other of [
      { field: 'CREATED_AT', direction: 'ASC' },
      { field: 'NUMBER', direction: 'DESC' },
    ]) {
      const { errors } = await world.ask(world.agent, PAGE, { orderBy: other, after: pageInfo.endCursor })
      expect(errors).toEqual([expect.stringMatching(/^BAD_REQUEST: This cursor belongs to the order NUMBER ASC/)])
    }
  })
})
