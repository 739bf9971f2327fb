import type { App } from '../../src/app.ts'
import { encodeGlobalId } from '../../src/schema/global-id.ts'
import { query, tokenFor } from '../helpers/perch.ts'

/* What an administrator's frontend does with incoming posts, for tests. */

export interface UserErrorSeen {
  readonly code: string
  readonly field: readonly string[]
}

export interface TicketSeen {
  readonly id: string
  readonly number: number
  readonly subject: string
}

export interface PostSeen {
  readonly id: string
  readonly xPostId: string
  readonly state: string
  readonly reason: string | null
  readonly ticket: TicketSeen | null
}

export interface ResultSeen {
  readonly index: number
  readonly outcome: string
  readonly incomingPost: PostSeen | null
  readonly ticket: TicketSeen | null
  readonly error: UserErrorSeen | null
}

export const idOf = (xPostId: string): string => encodeGlobalId('IncomingPost', xPostId)

const TICKET = 'ticket { id number subject }'
const POST = `incomingPost { id xPostId state reason ${TICKET} }`
const ERROR = 'code field message'

export async function convertPost(app: App, input: object) {
  const { convertPost: payload } = await query<{
    convertPost: {
      outcome: string | null
      ticket: TicketSeen | null
      incomingPost: PostSeen | null
      userErrors: readonly UserErrorSeen[]
      position: string
    }
  }>(
    app.url,
    await tokenFor(app, 'admin'),
    `mutation ($input: ConvertPostInput!) { convertPost(input: $input) {
       outcome ${TICKET} ${POST} userErrors { ${ERROR} } position } }`,
    { input },
  )
  return payload
}

export async function convertPosts(app: App, input: object) {
  const { convertPosts: payload } = await query<{
    convertPosts: { results: readonly ResultSeen[]; userErrors: readonly UserErrorSeen[]; position: string }
  }>(
    app.url,
    await tokenFor(app, 'admin'),
    `mutation ($input: ConvertPostsInput!) { convertPosts(input: $input) {
       results { index outcome ${POST} ${TICKET} error { ${ERROR} } } userErrors { ${ERROR} } position } }`,
    { input },
  )
  return payload
}

export async function dismiss(app: App, ids: readonly string[]) {
  const { dismissIncomingPosts: payload } = await query<{
    dismissIncomingPosts: { incomingPosts: readonly PostSeen[]; userErrors: readonly UserErrorSeen[]; position: string }
  }>(
    app.url,
    await tokenFor(app, 'admin'),
    `mutation ($input: DismissIncomingPostsInput!) { dismissIncomingPosts(input: $input) {
       incomingPosts { id xPostId state reason ${TICKET} } userErrors { ${ERROR} } position } }`,
    { input: { ids } },
  )
  return payload
}

export interface EventSeen {
  readonly type: string
  readonly state: string
  readonly position: string
  readonly actor: { readonly kind: string; readonly user: { readonly role: string } | null }
  readonly incomingPost: { readonly xPostId: string; readonly text: string; readonly state: string } | null
}

export const EVENTS = `subscription ($after: Position, $filter: IncomingPostEventFilter) {
  incomingPostEvents(after: $after, filter: $filter) {
    type state position actor { kind user { role } } incomingPost { xPostId text state } } }`
