import { z } from 'zod'
import type { UserError, UserErrorCode } from './errors.ts'
import type { TicketAccess } from './ticket-access.ts'
import { isStorable } from './ticket-tags.ts'
import type { Role } from './visibility.ts'

/* What administrators may make of people and groups. */

/** Characters in the name of a group, or of a person. */
const NAME_LENGTH = 100

/** Somebody, as far as what they may do goes. */
export interface UserState {
  readonly role: Role
  readonly active: boolean
  readonly ticketAccess: TicketAccess
  readonly groupIds: readonly string[]
}

/** What an administrator wants changed. Absent or null: as it is. */
export interface UserPatch {
  readonly role?: 'ADMIN' | 'AGENT' | null | undefined
  readonly active?: boolean | null | undefined
  readonly ticketAccess?: TicketAccess | null | undefined
  /** All of their groups anew. */
  readonly groupIds?: readonly string[] | null | undefined
}

export interface UserFacts {
  /** Of the groups named, those that exist. */
  readonly groupIds: ReadonlySet<string>
  /** Whether an e-mail address of theirs is known: staff must be reachable. */
  readonly hasEmail: boolean
  /** Whether there is another active administrator. */
  readonly anotherAdministrator: boolean
}

export type UserDecision =
  | { readonly userErrors: readonly [UserError, ...UserError[]] }
  | {
      readonly userErrors?: undefined
      readonly next: UserState
      readonly changed: readonly (keyof UserState)[]
    }

/** What becomes of somebody, or everything that is wrong with the patch. */
export function decideUserPatch(user: UserState, patch: UserPatch, facts: UserFacts): UserDecision {
  const errors: UserError[] = []
  const refuse = (code: UserErrorCode, field: keyof UserPatch, message: string) => {
    errors.push({ code, field: [field], message })
  }
  const role = patch.role ?? user.role
  const active = patch.active ?? user.active
  const { ticketAccess, groupIds } = patch

  if (role === 'END_USER') {
    const message = 'End users have no ticket access and no groups; give them the role AGENT in the same update.'
    for (const field of ['ticketAccess', 'groupIds'] as const)
      if (patch[field] != null) refuse('NOT_AN_AGENT', field, message)
  }
  if (user.role === 'END_USER' && role !== 'END_USER' && !facts.hasEmail)
    refuse('INVALID_INPUT', 'role', 'Agents and administrators have an e-mail address; this person has none.')
  // F54: administrators set the workspace up, and see all of it.
  if (role === 'ADMIN' && ticketAccess != null && ticketAccess !== 'ALL')
    refuse('INVALID_INPUT', 'ticketAccess', 'Administrators see all tickets.')
  if (groupIds?.some((id) => !facts.groupIds.has(id)))
    refuse('NOT_FOUND', 'groupIds', 'There is no group with one of these ids.')
  const administers = (state: { role: Role; active: boolean }) => state.role === 'ADMIN' && state.active
  if (administers(user) && !administers({ role, active }) && !facts.anotherAdministrator)
    refuse(
      'LAST_ADMINISTRATOR',
      active ? 'role' : 'active',
      'Nobody else could administer the workspace: make somebody else an administrator first.',
    )

  const [first, ...rest] = errors
  if (first) return { userErrors: [first, ...rest] }
  const next: UserState = {
    role,
    active,
    ticketAccess: role === 'AGENT' ? (ticketAccess ?? user.ticketAccess) : 'ALL',
    groupIds: groupIds ? [...new Set(groupIds)].sort() : user.groupIds,
  }
  const fields = ['role', 'active', 'ticketAccess', 'groupIds'] as const
  return { next, changed: fields.filter((field) => String(user[field]) !== String(next[field])) }
}

/** A name as it is kept: without spaces around it. */
export const normaliseName = (name: string): string => name.trim()

/** What is wrong with a name that was normalised; undefined when nothing is. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'A name cannot be empty.'
  if ([...name].length > NAME_LENGTH) return `A name has at most ${NAME_LENGTH} characters.`
  if (!isStorable(name)) return 'The name holds characters that are not text.'
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name)) return 'A name is one line.'
  return undefined
}

/** Characters in an e-mail address (RFC 5321, 4.5.3.1.3, without the angle brackets). */
const EMAIL_LENGTH = 254

/** An e-mail address as it is compared and kept. */
export const normaliseEmail = (email: string): string => email.trim().toLowerCase()

/** What is wrong with an e-mail address that was normalised; undefined when nothing is. */
export function emailProblem(email: string): string | undefined {
  const good = email.length <= EMAIL_LENGTH && z.email().safeParse(email).success
  return good ? undefined : 'This is not an e-mail address.'
}

/** What is wrong with the people who shall be a group's members; undefined when nothing is. */
export function membersProblem(
  ids: readonly string[],
  people: ReadonlyMap<string, { readonly role: Role }>,
): Omit<UserError, 'field'> | undefined {
  if (ids.some((id) => !people.has(id)))
    return { code: 'NOT_FOUND', message: 'There is no user with one of these ids.' }
  if (ids.some((id) => people.get(id)?.role === 'END_USER'))
    return { code: 'NOT_AN_AGENT', message: 'Only agents and administrators can be members of a group.' }
  return undefined
}
