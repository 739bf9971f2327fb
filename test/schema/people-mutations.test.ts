import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parsePosition } from '../../src/domain/position.ts'
import type { Viewer } from '../../src/schema/context.ts'
import { addAgent, addGroup, asViewer, codes, setAccess, type UserError } from './agents.ts'
import { createWorld, gid, type World } from './world.ts'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

interface GroupPayload {
  readonly userErrors: readonly UserError[]
  readonly position: string
  readonly group: { readonly id: string; readonly name: string; readonly members: { readonly id: string }[] } | null
}

async function group(
  mutation: 'createGroup' | 'updateGroup' | 'deleteGroup',
  input: object,
  viewer: Viewer = world.admin,
) {
  const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input`
  const { data, errors } = await world.ask<Record<string, GroupPayload>>(
    viewer,
    `mutation($input: ${type}!) { ${mutation}(input: $input) {
      userErrors { code field message } position group { id name deletedAt members { id } }
    } }`,
    { input },
  )
  expect(errors).toEqual([])
  return data[mutation] as GroupPayload
}

/** The events behind a position. */
async function since(offset: number) {
  return (await world.store.log.read(offset, 100)).map(({ body, actor }) => ({ ...body, actor }))
}
const head = async () => (await world.store.log.head()).head
const userId = (viewer: Viewer) => gid('User', viewer.userId)

describe('updateUser', () => {
  it('sets access and groups, shows them, and leaves one event', async () => {
    const agent = await addAgent(world)
    const before = await head()
    const payload = await setAccess(world, agent.userId, { ticketAccess: 'GROUPS', groupIds: [world.groupId] })
    expect(payload).toMatchObject({
      userErrors: [],
      user: { role: 'AGENT', active: true, ticketAccess: 'GROUPS', groups: [{ id: gid('Group', world.groupId) }] },
    })
    expect(parsePosition(payload.position)?.offset).toBe(before + 1)
    expect(await since(before)).toEqual([
      {
        type: 'user.updated',
        userId: agent.userId,
        role: 'AGENT',
        active: true,
        ticketAccess: 'GROUPS',
        groupIds: [world.groupId],
        changed: ['ticketAccess', 'groupIds'],
        actor: { kind: 'user', id: world.admin.userId },
      },
    ])
    expect(await asViewer(world, agent.userId)).toMatchObject({ ticketAccess: 'GROUPS', groupIds: [world.groupId] })
  })

  it('leaves no event when nothing changes', async () => {
    const agent = await addAgent(world, 'GROUPS', [world.groupId])
    const before = await head()
    const payload = await setAccess(world, agent.userId, { ticketAccess: 'GROUPS', groupIds: [world.groupId] })
    expect(codes(payload)).toEqual([])
    expect(await head()).toBe(before)
  })

  it('takes a restriction away from whom it makes an administrator', async () => {
    const agent = await addAgent(world, 'ASSIGNED')
    expect(await setAccess(world, agent.userId, { role: 'ADMIN' })).toMatchObject({
      userErrors: [],
      user: { role: 'ADMIN', ticketAccess: 'ALL' },
    })
    expect(codes(await setAccess(world, agent.userId, { ticketAccess: 'GROUPS' }))).toEqual([
      'INVALID_INPUT ticketAccess',
    ])
    await setAccess(world, agent.userId, { role: 'AGENT' })
  })

  it('says everything that is wrong at once, and changes nothing', async () => {
    const before = await head()
    const payload = await setAccess(world, world.customer.userId, {
      ticketAccess: 'GROUPS',
      groupIds: [crypto.randomUUID()],
    })
    expect(codes(payload)).toEqual(['NOT_AN_AGENT ticketAccess', 'NOT_AN_AGENT groupIds', 'NOT_FOUND groupIds'])
    expect(codes(await setAccess(world, crypto.randomUUID(), { active: false }))).toEqual(['NOT_FOUND id'])
    const { data } = await world.ask<{ updateUser: { userErrors: UserError[] } }>(
      world.admin,
      'mutation($input: UpdateUserInput!) { updateUser(input: $input) { userErrors { code field message } } }',
      { input: { id: 'nonsense', groupIds: [gid('User', world.agent.userId)] } },
    )
    expect(codes(data.updateUser)).toEqual(['INVALID_INPUT id', 'INVALID_INPUT groupIds'])
    expect(await head()).toBe(before)
  })

  it('never lets the last active administrator go, also when two make an end of each other', async () => {
    expect(codes(await setAccess(world, world.admin.userId, { role: 'AGENT' }))).toEqual(['LAST_ADMINISTRATOR role'])
    expect(codes(await setAccess(world, world.admin.userId, { active: false }))).toEqual(['LAST_ADMINISTRATOR active'])
    const second = await addAgent(world)
    for (let round = 0; round < 5; round++) {
      await setAccess(world, second.userId, { role: 'ADMIN', active: true })
      const refused = (
        await Promise.all([
          setAccess(world, second.userId, { active: false }),
          setAccess(world, world.admin.userId, { role: 'AGENT' }),
        ])
      ).flatMap(codes)
      expect(refused).toHaveLength(1)
      expect(refused[0]).toMatch(/^LAST_ADMINISTRATOR /)
      await world.store.prisma.user.update({ where: { id: world.admin.userId }, data: { role: 'ADMIN' } })
    }
  })

  it('shows access to staff, and to nobody else', async () => {
    const agent = await addAgent(world, 'ASSIGNED')
    const { data } = await world.ask(agent, '{ viewer { ticketAccess role groups { id } } }')
    expect(data).toEqual({ viewer: { ticketAccess: 'ASSIGNED', role: 'AGENT', groups: [] } })
    const listed = await world.ask(world.agent, '{ users(roles: [AGENT], first: 100) { nodes { id ticketAccess } } }')
    expect(listed.data).toMatchObject({
      users: { nodes: expect.arrayContaining([{ id: userId(agent), ticketAccess: 'ASSIGNED' }]) },
    })
    const { errors } = await world.ask(world.customer, '{ viewer { ticketAccess } }')
    expect(errors).toEqual([expect.stringMatching(/^FORBIDDEN: /)])
  })
})

describe('groups', () => {
  it('are made with members, of each of whom the log tells', async () => {
    const agent = await addAgent(world, 'GROUPS')
    const before = await head()
    const { group: made, userErrors } = await group('createGroup', { name: ' Press ', memberIds: [userId(agent)] })
    expect(userErrors).toEqual([])
    expect(made).toMatchObject({ name: 'Press', deletedAt: null, members: [{ id: userId(agent) }] })
    const { groupIds } = await asViewer(world, agent.userId)
    expect(groupIds.map((id) => gid('Group', id))).toEqual([made?.id])
    expect(await since(before)).toMatchObject([
      { type: 'group.created', groupId: groupIds[0] },
      { type: 'user.updated', userId: agent.userId, groupIds, changed: ['groupIds'] },
    ])
  })

  it('change name and members; who stays is not told of', async () => {
    const [comes, stays, goes] = [await addAgent(world), await addAgent(world), await addAgent(world)]
    const other = await addGroup(world)
    await setAccess(world, goes.userId, { groupIds: [other] })
    const { group: made } = await group('createGroup', { name: 'Legal', memberIds: [userId(stays), userId(goes)] })
    const before = await head()
    const changed = await group('updateGroup', {
      id: made?.id,
      name: 'Law',
      memberIds: [userId(comes), userId(stays), userId(stays)],
    })
    expect(changed).toMatchObject({ userErrors: [], group: { name: 'Law' } })
    expect(changed.group?.members.map(({ id }) => id).sort()).toEqual([userId(comes), userId(stays)].sort())
    const events = await since(before)
    expect(events.map(({ type }) => type)).toEqual(['user.updated', 'user.updated', 'group.updated'])
    expect(events).toContainEqual(expect.objectContaining({ userId: goes.userId, groupIds: [other] }))
    expect(events).toContainEqual(expect.objectContaining({ userId: comes.userId, changed: ['groupIds'] }))
    expect(events.at(-1)).toMatchObject({ changed: ['name', 'members'] })

    const again = await head()
    expect(codes(await group('updateGroup', { id: made?.id, name: 'Law' }))).toEqual([])
    expect(await head()).toBe(again)
  })

  it('refuse names and members that make no sense', async () => {
    await group('createGroup', { name: 'Sales' })
    const before = await head()
    expect(codes(await group('createGroup', { name: ' ' }))).toEqual(['INVALID_INPUT name'])
    expect(codes(await group('createGroup', { name: 'Sales', memberIds: [gid('User', crypto.randomUUID())] }))).toEqual(
      ['NAME_TAKEN name', 'NOT_FOUND memberIds'],
    )
    expect(codes(await group('createGroup', { name: 'X', memberIds: [userId(world.customer)] }))).toEqual([
      'NOT_AN_AGENT memberIds',
    ])
    expect(codes(await group('createGroup', { name: 'X', memberIds: ['nonsense'] }))).toEqual([
      'INVALID_INPUT memberIds',
    ])
    expect(codes(await group('updateGroup', { id: gid('Group', crypto.randomUUID()), name: 'X' }))).toEqual([
      'NOT_FOUND id',
    ])
    expect(await head()).toBe(before)
  })

  it('of one name are made once, also by many at once', async () => {
    const made = await Promise.all(Array.from({ length: 6 }, () => group('createGroup', { name: 'Race' })))
    expect(made.map(codes).filter((errors) => errors.length === 0)).toHaveLength(1)
    expect(made.flatMap(codes)).toEqual(Array(5).fill('NAME_TAKEN name'))
  })

  it('are deleted when only closed tickets name them; those keep the name, and it is free again', async () => {
    const agent = await addAgent(world, 'GROUPS')
    const { group: made } = await group('createGroup', { name: 'Old', memberIds: [userId(agent)] })
    const { groupIds } = await asViewer(world, agent.userId)
    const { id } = await world.openTicket({ groupId: groupIds[0] as string, status: 'OPEN' })
    expect(codes(await group('deleteGroup', { id: made?.id }))).toEqual(['GROUP_IN_USE id'])
    await world.store.prisma.ticket.update({ where: { id }, data: { status: 'CLOSED' } })

    const before = await head()
    expect(await group('deleteGroup', { id: made?.id })).toMatchObject({
      userErrors: [],
      group: { name: 'Old', deletedAt: expect.any(String), members: [] },
    })
    expect(await since(before)).toMatchObject([
      { type: 'user.updated', userId: agent.userId, groupIds: [] },
      { type: 'group.deleted', groupId: groupIds[0] },
    ])
    const { data } = await world.ask<{ groups: { nodes: { name: string }[] }; ticket: unknown }>(
      world.agent,
      'query($id: ID!) { groups(first: 100) { nodes { name } } ticket(id: $id) { group { name } } }',
      { id: gid('Ticket', id) },
    )
    expect(data.groups.nodes.map(({ name }) => name)).not.toContain('Old')
    expect(data.ticket).toEqual({ group: { name: 'Old' } })
    expect(codes(await group('deleteGroup', { id: made?.id }))).toEqual(['NOT_FOUND id'])
    expect(codes(await group('updateGroup', { id: made?.id, name: 'New' }))).toEqual(['NOT_FOUND id'])
    expect(codes(await group('createGroup', { name: 'Old' }))).toEqual([])
    expect(codes(await setAccess(world, agent.userId, { groupIds: [groupIds[0] as string] }))).toEqual([
      'NOT_FOUND groupIds',
    ])
  })

  it('that are deleted take no tickets any more', async () => {
    const groupId = await addGroup(world)
    await group('deleteGroup', { id: gid('Group', groupId) })
    const { id } = await world.openTicket()
    const { data } = await world.ask(
      world.agent,
      'mutation($input: UpdateTicketInput!) { updateTicket(input: $input) { userErrors { code field } } }',
      { input: { ticketId: gid('Ticket', id), groupId: gid('Group', groupId) } },
    )
    expect(data).toEqual({ updateTicket: { userErrors: [{ code: 'NOT_FOUND', field: ['groupId'] }] } })
  })
})

describe('updateEndUser (F55)', () => {
  const change = (viewer: Viewer, input: object) =>
    world.ask<{ updateEndUser: { userErrors: UserError[]; user: unknown } } | null>(
      viewer,
      `mutation($input: UpdateEndUserInput!) { updateEndUser(input: $input) {
        userErrors { code field message } position user { name email }
      } }`,
      { input },
    )
  const ada = () => gid('User', world.customer.userId)

  it('is for those who see all tickets, not for agents who are restricted, nor for end users', async () => {
    for (const viewer of [
      await addAgent(world, 'GROUPS', [world.groupId]),
      await addAgent(world, 'ASSIGNED'),
      world.customer,
    ]) {
      const { data, errors } = await change(viewer, { id: ada(), name: 'Mine' })
      expect(data).toBeNull()
      expect(errors).toEqual([expect.stringMatching(/^FORBIDDEN: /)])
    }
    for (const viewer of [world.agent, world.admin]) {
      const { data, errors } = await change(viewer, { id: ada(), name: ` Ada of ${viewer.role} ` })
      expect({ errors, ...data }).toMatchObject({
        errors: [],
        updateEndUser: { userErrors: [], user: { name: `Ada of ${viewer.role}`, email: 'ada@example.org' } },
      })
    }
  })

  it('changes what is given, and leaves one event without the words', async () => {
    const before = await head()
    const { data } = await change(world.agent, { id: ada(), email: ' ADA@Example.net ' })
    expect(data?.updateEndUser).toMatchObject({ userErrors: [], user: { email: 'ada@example.net' } })
    const events = await since(before)
    expect(events).toMatchObject([{ type: 'user.updated', userId: world.customer.userId, changed: ['email'] }])
    expect(JSON.stringify(events)).not.toContain('example')
    expect((await change(world.agent, { id: ada(), email: 'ada@example.net', name: null })).data).toMatchObject({
      updateEndUser: { userErrors: [] },
    })
    expect(await head()).toBe(before + 1)
    expect((await change(world.agent, { id: ada(), email: null })).data).toMatchObject({
      updateEndUser: { userErrors: [], user: { email: null } },
    })
  })

  it('refuses what makes no sense', async () => {
    const errorsOf = async (input: object) =>
      codes((await change(world.agent, input)).data?.updateEndUser ?? { userErrors: [] })
    expect(await errorsOf({ id: ada(), name: ' ', email: 'nobody' })).toEqual([
      'INVALID_INPUT name',
      'INVALID_INPUT email',
    ])
    expect(await errorsOf({ id: ada(), email: 'Grace@example.org' })).toEqual(['EMAIL_TAKEN email'])
    expect(await errorsOf({ id: userId(world.admin), name: 'x' })).toEqual(['NOT_FOUND id'])
    expect(await errorsOf({ id: 'x', name: 'x' })).toEqual(['INVALID_INPUT id'])
    const both = await Promise.all(
      [world.customer, world.stranger].map((viewer) => errorsOf({ id: userId(viewer), email: 'one@example.org' })),
    )
    expect(both.flat()).toEqual(['EMAIL_TAKEN email'])
  })
})

it.each([
  ['updateUser', 'updateUser(input: { id: "x" })'],
  ['createGroup', 'createGroup(input: { name: "x" })'],
  ['updateGroup', 'updateGroup(input: { id: "x" })'],
  ['deleteGroup', 'deleteGroup(input: { id: "x" })'],
])('%s is for administrators', async (_name, field) => {
  for (const viewer of [world.agent, world.customer]) {
    const { errors } = await world.ask(viewer, `mutation { ${field} { position } }`)
    expect(errors).toEqual([expect.stringMatching(/^FORBIDDEN: /)])
  }
})
