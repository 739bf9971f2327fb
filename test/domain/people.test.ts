import { describe, expect, it } from 'vitest'
import {
  decideUserPatch,
  membersProblem,
  nameProblem,
  type UserFacts,
  type UserPatch,
  type UserState,
} from '../../src/domain/people.ts'

const FACTS: UserFacts = { groupIds: new Set(['a', 'b']), anotherAdministrator: true, hasEmail: true }
const agent: UserState = { role: 'AGENT', active: true, ticketAccess: 'GROUPS', groupIds: ['a'] }
const admin: UserState = { role: 'ADMIN', active: true, ticketAccess: 'ALL', groupIds: [] }
const endUser: UserState = { role: 'END_USER', active: true, ticketAccess: 'ALL', groupIds: [] }

describe('what becomes of somebody', () => {
  it.each<[string, UserState, UserPatch, Partial<UserState>]>([
    ['nothing is given', agent, {}, {}],
    ['what is given is null', agent, { role: null, active: null, ticketAccess: null, groupIds: null }, {}],
    ['what is given is so already', agent, { ticketAccess: 'GROUPS', groupIds: ['a', 'a'] }, {}],
    ['the access changes', agent, { ticketAccess: 'ASSIGNED' }, { ticketAccess: 'ASSIGNED' }],
    ['the groups change', agent, { groupIds: ['b', 'a', 'b'] }, { groupIds: ['a', 'b'] }],
    ['all groups are taken away', agent, { groupIds: [] }, { groupIds: [] }],
    [
      'an agent becomes an administrator, who sees all',
      agent,
      { role: 'ADMIN' },
      { role: 'ADMIN', ticketAccess: 'ALL' },
    ],
    ['an administrator becomes an agent', admin, { role: 'AGENT' }, { role: 'AGENT' }],
    [
      'an administrator becomes an agent with restrictions',
      admin,
      { role: 'AGENT', ticketAccess: 'ASSIGNED' },
      { role: 'AGENT', ticketAccess: 'ASSIGNED' },
    ],
    ['an end user becomes an agent', endUser, { role: 'AGENT', groupIds: ['b'] }, { role: 'AGENT', groupIds: ['b'] }],
    ['an end user is suspended', endUser, { active: false }, { active: false }],
    ['an agent is deactivated', agent, { active: false }, { active: false }],
  ])('when %s', (_name, user, patch, changes) => {
    expect(decideUserPatch(user, patch, FACTS)).toEqual({
      next: { ...user, ...changes },
      changed: Object.keys(changes),
    })
  })
})

describe('what cannot be done with somebody', () => {
  it.each<[string, UserState, UserPatch, Partial<UserFacts>, [string, string][]]>([
    ['an administrator is restricted', admin, { ticketAccess: 'GROUPS' }, {}, [['INVALID_INPUT', 'ticketAccess']]],
    [
      'an agent becomes an administrator with restrictions',
      agent,
      { role: 'ADMIN', ticketAccess: 'ASSIGNED' },
      {},
      [['INVALID_INPUT', 'ticketAccess']],
    ],
    [
      'an end user is given access and groups',
      endUser,
      { ticketAccess: 'GROUPS', groupIds: ['a'] },
      {},
      [
        ['NOT_AN_AGENT', 'ticketAccess'],
        ['NOT_AN_AGENT', 'groupIds'],
      ],
    ],
    [
      'an end user without an e-mail address becomes an agent',
      endUser,
      { role: 'AGENT' },
      { hasEmail: false },
      [['INVALID_INPUT', 'role']],
    ],
    ['a group does not exist', agent, { groupIds: ['a', 'z'] }, {}, [['NOT_FOUND', 'groupIds']]],
    [
      'the last administrator becomes an agent',
      admin,
      { role: 'AGENT' },
      { anotherAdministrator: false },
      [['LAST_ADMINISTRATOR', 'role']],
    ],
    [
      'the last administrator is deactivated',
      admin,
      { active: false },
      { anotherAdministrator: false },
      [['LAST_ADMINISTRATOR', 'active']],
    ],
  ])('when %s', (_name, user, patch, facts, errors) => {
    const decision = decideUserPatch(user, patch, { ...FACTS, ...facts })
    expect(decision.userErrors?.map(({ code, field }) => [code, ...field])).toEqual(errors)
  })

  it('does not keep the last administrator from changes that leave them one', () => {
    const alone = { ...FACTS, anotherAdministrator: false }
    expect(decideUserPatch(admin, { groupIds: ['a'] }, alone)).toMatchObject({ changed: ['groupIds'] })
    expect(decideUserPatch({ ...admin, active: false }, { role: 'AGENT' }, alone)).toMatchObject({ changed: ['role'] })
  })
})

describe('a name', () => {
  it.each([
    ['Billing', undefined],
    ['', 'A name cannot be empty.'],
    ['😀'.repeat(100), undefined],
    ['😀'.repeat(101), 'A name has at most 100 characters.'],
    ['a\u0000b', 'The name holds characters that are not text.'],
  ])('%j', (name, problem) => {
    expect(nameProblem(name)).toBe(problem)
  })
})

describe('the members of a group', () => {
  const people = new Map([
    ['ada', { role: 'ADMIN' }],
    ['bob', { role: 'AGENT' }],
    ['eve', { role: 'END_USER' }],
  ] as const)
  it.each([
    [['ada', 'bob'], undefined],
    [[], undefined],
    [['bob', 'eve'], 'NOT_AN_AGENT'],
    [['bob', 'zed', 'eve'], 'NOT_FOUND'],
  ])('%j', (ids, code) => {
    expect(membersProblem(ids, people)?.code).toBe(code)
  })
})
