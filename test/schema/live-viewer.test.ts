import { parse, subscribe } from 'graphql'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Viewer } from '../../src/schema/context.ts'
import { addAgent, asViewer, setAccess } from './agents.ts'
import { at, createWorld, type World } from './world.ts'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

it('a reader who takes their time is shown what they may see when they read, not when the events came', async () => {
  const agent = await addAgent(world, 'GROUPS', [world.groupId])
  let latest: Viewer = agent
  const { epoch, head } = await world.store.log.head()
  for (const body of ['one', 'two', 'three']) await world.openTicket({ body, groupId: world.groupId })
  const events = await subscribe({
    schema: world.schema,
    document: parse('subscription($after: Position) { ticketCreated(after: $after) { ticket { subject } } }'),
    contextValue: { ...world.context(agent), latestViewer: () => latest },
    variableValues: { after: at({ epoch, offset: head }) },
  })
  if (!(Symbol.asyncIterator in events)) throw new Error('The subscription was refused.')
  const next = async () => JSON.parse(JSON.stringify((await events.next()).value))
  // All three came in one batch; the door has noticed a change before the second is read, and another before the third.
  expect(await next()).toEqual({ data: { ticketCreated: { ticket: { subject: 'one' } } } })
  await setAccess(world, agent.userId, { groupIds: [] })
  latest = await asViewer(world, agent.userId)
  expect(await next()).toEqual({ data: { ticketCreated: { ticket: null } } })
  await setAccess(world, agent.userId, { groupIds: [world.groupId] })
  latest = await asViewer(world, agent.userId)
  expect(await next()).toEqual({ data: { ticketCreated: { ticket: { subject: 'three' } } } })
  await events.return()
})
