import { invalidRequest, plainProblem, type Refusal, type Reply } from '../http/problems.ts'
import type { AuthorizedCall } from '../http/router.ts'
import { ChatRefusal } from './conversations.ts'
import type { ChatConversation } from './model.ts'

/* What the routes of XChat share. */

/** Scopes, as x-openapi.json has them: of reading, and of whatever changes something. */
export const READ = { user: ['dm.read', 'tweet.read', 'users.read'] }
export const WRITE = { user: ['dm.write', 'tweet.read', 'users.read'] }

/** Who calls. The routes are for users' tokens alone. */
export const me = ({ caller }: AuthorizedCall): string => (caller.kind === 'user' ? caller.user.id : '')

export const ok = (body: unknown, status = 200): Reply => ({ status, body })

/** 404 of a conversation: not there and not theirs look the same. */
export const noConversation = (id: string): Refusal =>
  plainProblem(404, `Could not find conversation with id: [${id}].`)

/** The conversation that the path names. Throws X's 404. */
export function conversationOf(call: AuthorizedCall): ChatConversation {
  const id = call.params['id'] ?? ''
  const conversation = call.simulation.xchat.server.find(me(call), id)
  if (!conversation) throw noConversation(id)
  return conversation
}

/** Does what may be refused, and says so as X does: 400. */
export function taking<T>(change: () => T): T {
  try {
    return change()
  } catch (error) {
    if (error instanceof ChatRefusal) throw invalidRequest(error.message)
    throw error
  }
}
