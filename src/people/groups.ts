import { v7 as uuidv7 } from 'uuid'
import type { UserError } from '../domain/errors.ts'
import { membersProblem, nameProblem, normaliseName } from '../domain/people.ts'
import type { Position } from '../domain/position.ts'
import type { ChangeScope, Store } from '../store/store.ts'
import { lockPeople, tellOfPerson } from './lock-people.ts'

/** What became of what an administrator wanted done with a group. With userErrors, nothing was changed. */
export interface GroupOutcome {
  /** Null when there is no such group. */
  readonly groupId: string | null
  readonly userErrors: readonly UserError[]
  /** The log position that includes the change. */
  readonly position: Position
}

/** Absent or null: as it is. */
export interface GroupPatch {
  readonly name?: string | null | undefined
  /** All of its members anew. */
  readonly memberIds?: readonly string[] | null | undefined
}

type Done = Omit<GroupOutcome, 'position'>

const NO_GROUP: Done = {
  groupId: null,
  userErrors: [{ code: 'NOT_FOUND', field: ['id'], message: 'There is no group with this id.' }],
}

/** Makes a group. */
export function createGroup(
  store: Pick<Store, 'change'>,
  administratorId: string,
  { name, memberIds }: { readonly name: string; readonly memberIds?: readonly string[] | null | undefined },
): Promise<GroupOutcome> {
  return changeGroups(store, administratorId, async (scope) => {
    const groupId = uuidv7()
    const normal = normaliseName(name)
    const userErrors = [...(await nameErrors(scope, normal)), ...(await memberErrors(scope, memberIds))]
    if (userErrors.length > 0) return { groupId: null, userErrors }
    await scope.db.group.create({ data: { id: groupId, name: normal } })
    scope.emit({ type: 'group.created', groupId })
    if (memberIds) await setMembers(scope, groupId, memberIds)
    return { groupId, userErrors }
  })
}

/** Changes a group's name or members. Subscriptions of those who come and go follow. */
export function updateGroup(
  store: Pick<Store, 'change'>,
  administratorId: string,
  groupId: string,
  { name, memberIds }: GroupPatch,
): Promise<GroupOutcome> {
  return changeGroups(store, administratorId, async (scope) => {
    const group = await lockGroup(scope, groupId)
    if (!group) return NO_GROUP
    const normal = normaliseName(name ?? group.name)
    const renamed = normal !== group.name
    const userErrors = [...(renamed ? await nameErrors(scope, normal) : []), ...(await memberErrors(scope, memberIds))]
    if (userErrors.length > 0) return { groupId, userErrors }
    if (renamed) await scope.db.group.update({ where: { id: groupId }, data: { name: normal } })
    const moved = memberIds ? await setMembers(scope, groupId, memberIds) : 0
    const changed = [...(renamed ? ['name'] : []), ...(moved > 0 ? ['members'] : [])]
    if (changed.length > 0) scope.emit({ type: 'group.updated', groupId, changed })
    return { groupId, userErrors }
  })
}

/**
 * Deletes a group that nobody works in any more: tickets that are not closed must be given to others first, or they
 * would leave the sight of agents who are restricted to their groups without anybody deciding so. The row stays for
 * the closed tickets that name it.
 */
export function deleteGroup(
  store: Pick<Store, 'change'>,
  administratorId: string,
  groupId: string,
): Promise<GroupOutcome> {
  return changeGroups(store, administratorId, async (scope): Promise<Done> => {
    const { db } = scope
    if (!(await lockGroup(scope, groupId))) return NO_GROUP
    const inUse = await db.ticket.findFirst({ where: { groupId, status: { not: 'CLOSED' } }, select: { id: true } })
    if (inUse) {
      const message = 'The group has tickets that are not closed; give them to others first.'
      return { groupId, userErrors: [{ code: 'GROUP_IN_USE', field: ['id'], message }] }
    }
    await setMembers(scope, groupId, [])
    await db.$executeRaw`UPDATE "group" SET deleted_at = clock_timestamp() WHERE id = ${groupId}::uuid`
    scope.emit({ type: 'group.deleted', groupId })
    return { groupId, userErrors: [] }
  })
}

async function changeGroups(
  store: Pick<Store, 'change'>,
  administratorId: string,
  work: (scope: ChangeScope) => Promise<Done>,
): Promise<GroupOutcome> {
  const { value, position } = await store.change({ kind: 'user', id: administratorId }, work)
  return { ...value, position }
}

/** Locks a group, also against references: no ticket is given to it, and nobody joins it, before the end. */
async function lockGroup({ db }: ChangeScope, groupId: string): Promise<{ name: string } | undefined> {
  const [group] = await db.$queryRaw<{ name: string }[]>`
    SELECT name FROM "group" WHERE id = ${groupId}::uuid AND deleted_at IS NULL FOR UPDATE`
  return group
}

async function nameErrors({ db }: ChangeScope, name: string): Promise<UserError[]> {
  const problem = nameProblem(name)
  if (problem) return [{ code: 'INVALID_INPUT', field: ['name'], message: problem }]
  // Names are given one at a time, so that the second of two alike is told so.
  await db.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('perch group names'))`
  const taken = await db.group.findFirst({ where: { name, deletedAt: null }, select: { id: true } })
  return taken ? [{ code: 'NAME_TAKEN', field: ['name'], message: 'Another group has this name.' }] : []
}

async function memberErrors({ db }: ChangeScope, ids: readonly string[] | null | undefined): Promise<UserError[]> {
  if (!ids || ids.length === 0) return []
  const people = await db.user.findMany({ where: { id: { in: [...ids] } }, select: { id: true, role: true } })
  const problem = membersProblem(ids, new Map(people.map((person) => [person.id, person])))
  return problem ? [{ ...problem, field: ['memberIds'] }] : []
}

/** Makes these people the group's members, and tells of each who came or went. Gives how many did. */
async function setMembers(scope: ChangeScope, groupId: string, memberIds: readonly string[]): Promise<number> {
  const { db } = scope
  const members = await db.groupMembership.findMany({ where: { groupId }, select: { userId: true } })
  const wanted = new Set(memberIds)
  const had = new Set(members.map(({ userId }) => userId))
  const moved = [...new Set([...wanted, ...had])].filter((id) => wanted.has(id) !== had.has(id))
  if (moved.length === 0) return 0
  const people = await lockPeople(scope, moved)
  await db.groupMembership.deleteMany({ where: { groupId, userId: { in: moved } } })
  const joining = moved.filter((id) => wanted.has(id))
  await db.groupMembership.createMany({ data: joining.map((userId) => ({ groupId, userId })), skipDuplicates: true })
  for (const person of people.values()) {
    const others = person.groupIds.filter((id) => id !== groupId)
    const groupIds = wanted.has(person.id) ? [...others, groupId].sort() : others
    tellOfPerson(scope, { ...person, groupIds }, ['groupIds'])
  }
  return moved.length
}
