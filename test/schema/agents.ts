import { v7 as uuidv7 } from 'uuid'
import type { TicketAccess } from '../../src/domain/ticket-access.ts'
import { readAudience } from '../../src/people/read-audience.ts'
import type { Viewer } from '../../src/schema/context.ts'
import { gid, type World } from './world.ts'

/** Somebody as the doors know them: read from the database, as of its log's end. */
export async function asViewer(world: World, userId: string): Promise<Viewer> {
  const audience = await readAudience(world.store.prisma, userId)
  if (!audience) throw new Error('There is no such person, or they may not sign in.')
  return audience
}

/** Another agent, with this access and in these groups. */
export async function addAgent(
  world: World,
  ticketAccess: TicketAccess = 'ALL',
  groupIds: readonly string[] = [],
): Promise<Viewer> {
  const id = uuidv7()
  await world.store.prisma.user.create({
    data: {
      id,
      role: 'AGENT',
      name: `Agent ${id}`,
      email: `${id}@example.org`,
      ticketAccess,
      memberships: { create: groupIds.map((groupId) => ({ groupId })) },
    },
  })
  return asViewer(world, id)
}

/** Another group. */
export async function addGroup(world: World): Promise<string> {
  const id = uuidv7()
  await world.store.prisma.group.create({ data: { id, name: `Group ${id}` } })
  return id
}

export interface UserError {
  readonly code: string
  readonly field: readonly string[]
  readonly message: string
}

export const codes = ({ userErrors }: { readonly userErrors: readonly UserError[] }): string[] =>
  userErrors.map(({ code, field }) => `${code} ${field.join('.')}`)

interface Access {
  readonly role?: 'ADMIN' | 'AGENT'
  readonly ticketAccess?: TicketAccess
  readonly groupIds?: readonly string[]
  readonly active?: boolean
}

/** `updateUser` as the administrator, by the database's ids. */
export async function setAccess(world: World, userId: string, { groupIds, ...access }: Access) {
  const { data, errors } = await world.ask<{
    updateUser: { userErrors: UserError[]; position: string; user: Record<string, unknown> | null }
  }>(
    world.admin,
    `mutation($input: UpdateUserInput!) { updateUser(input: $input) {
      userErrors { code field message } position user { role active ticketAccess groups { id } }
    } }`,
    {
      input: {
        id: gid('User', userId),
        ...access,
        ...(groupIds && { groupIds: groupIds.map((id) => gid('Group', id)) }),
      },
    },
  )
  if (errors.length > 0) throw new Error(errors.join('\n'))
  return data.updateUser
}
