import { describe, expect, it } from 'vitest'
import {
  type Audience,
  audienceKey,
  mayEditEndUsers,
  seesComment,
  seesField,
  seesTicket,
  type TicketSight,
} from '../../src/domain/visibility.ts'

const audience = (more: Partial<Audience>): Audience => ({
  userId: 'me',
  role: 'AGENT',
  ticketAccess: 'ALL',
  groupIds: [],
  ...more,
})

const WHO = {
  administrator: audience({ role: 'ADMIN' }),
  agent: audience({}),
  ofGroups: audience({ ticketAccess: 'GROUPS', groupIds: ['billing', 'press'] }),
  ofNoGroup: audience({ ticketAccess: 'GROUPS' }),
  ofAssigned: audience({ ticketAccess: 'ASSIGNED', groupIds: ['billing'] }),
  endUser: audience({ role: 'END_USER' }),
} as const
type Who = keyof typeof WHO

interface Sight {
  requesterId: string
  assigneeId: string | null
  groupId: string | null
}
const ticket = (more: Partial<Sight>): Sight => ({
  requesterId: 'customer',
  assigneeId: null,
  groupId: null,
  ...more,
})

describe('a ticket', () => {
  const staff: Who[] = ['administrator', 'agent', 'ofGroups', 'ofNoGroup', 'ofAssigned']
  const everybody: Who[] = [...staff, 'endUser']
  it.each<[string, TicketSight, Who[]]>([
    ['without group and assignee', ticket({}), ['administrator', 'agent']],
    ['of one of my groups', ticket({ groupId: 'billing' }), ['administrator', 'agent', 'ofGroups']],
    [
      'of one of my groups, assigned to a colleague',
      ticket({ groupId: 'press', assigneeId: 'colleague' }),
      ['administrator', 'agent', 'ofGroups'],
    ],
    ['of another group', ticket({ groupId: 'legal' }), ['administrator', 'agent']],
    ['without group, assigned to a colleague', ticket({ assigneeId: 'colleague' }), ['administrator', 'agent']],
    [
      'of another group, assigned to me',
      ticket({ groupId: 'legal', assigneeId: 'me' }),
      ['administrator', 'agent', 'ofGroups', 'ofNoGroup', 'ofAssigned'],
    ],
    ['that I opened', ticket({ requesterId: 'me', groupId: 'legal' }), everybody],
    ['that I opened, as a row of the database', { ...ticket({ requesterId: 'me' }), deletedAt: null }, everybody],
    ['that I opened, deleted (F69)', { ...ticket({ requesterId: 'me' }), deleted: true }, staff],
    [
      'that I opened, deleted, as a row of the database',
      { ...ticket({ requesterId: 'me' }), deletedAt: new Date(0) },
      staff,
    ],
    [
      'of one of my groups, deleted',
      { ...ticket({ groupId: 'billing' }), deleted: true },
      ['administrator', 'agent', 'ofGroups'],
    ],
  ])('%s is seen by those who may, and by nobody else', (_name, seen, by) => {
    expect(everybody.filter((who) => seesTicket(WHO[who], seen))).toEqual(by)
  })
})

describe('an administrator', () => {
  it('sees all, whatever the access says', () => {
    const odd = audience({ role: 'ADMIN', ticketAccess: 'ASSIGNED' })
    expect(seesTicket(odd, ticket({ groupId: 'legal' }))).toBe(true)
    expect(audienceKey(odd)).toBe(audienceKey(WHO.agent))
  })
})

describe('the key of an audience', () => {
  it.each<[string, Audience, Audience, boolean]>([
    ['an administrator and an agent who sees all', WHO.administrator, WHO.agent, true],
    ['two agents who see all', WHO.agent, audience({ userId: 'you', groupIds: ['press'] }), true],
    ['the same groups in another order', WHO.ofGroups, { ...WHO.ofGroups, groupIds: ['press', 'billing'] }, true],
    ['other groups of one who sees their own only', WHO.ofAssigned, { ...WHO.ofAssigned, groupIds: [] }, true],
    ['an agent who sees all and one of groups', WHO.agent, WHO.ofGroups, false],
    [
      'two agents of the same groups: each has their own tickets',
      WHO.ofGroups,
      { ...WHO.ofGroups, userId: 'you' },
      false,
    ],
    ['the same agent in other groups', WHO.ofGroups, { ...WHO.ofGroups, groupIds: ['billing'] }, false],
    ['two end users', WHO.endUser, { ...WHO.endUser, userId: 'you' }, false],
    ['an agent of their own tickets, and the same person as an end user', WHO.ofAssigned, WHO.endUser, false],
  ])('of %s', (_name, one, other, same) => {
    expect(audienceKey(one) === audienceKey(other)).toBe(same)
  })
})

describe('on a ticket that is seen', () => {
  const told = (field: string) => Object.entries(WHO).flatMap(([who, one]) => (seesField(one, field) ? [who] : []))
  const staff = ['administrator', 'agent', 'ofGroups', 'ofNoGroup', 'ofAssigned']

  it('private comments are for staff, restricted or not', () => {
    const readers = Object.entries(WHO).flatMap(([who, one]) =>
      seesComment(one, { visibility: 'PRIVATE' }) ? [who] : [],
    )
    expect(readers).toEqual(staff)
    expect(Object.values(WHO).every((one) => seesComment(one, { visibility: 'PUBLIC' }))).toBe(true)
  })

  it('changes of tags and group are for staff, restricted or not', () => {
    expect(told('tags')).toEqual(staff)
    expect(told('groupId')).toEqual(staff)
    expect(told('status')).toEqual([...staff, 'endUser'])
  })
})

it('lets only administrators and agents who see all tickets create and edit end users (F55)', () => {
  const may = Object.entries(WHO).flatMap(([who, one]) => (mayEditEndUsers(one) ? [who] : []))
  expect(may).toEqual(['administrator', 'agent'])
})
