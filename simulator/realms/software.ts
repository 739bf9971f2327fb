import type { Realm } from './realm.ts'
import type { Door } from './server.ts'
import { readMessage, secretsRequestSchema, writeMessage } from './wire.ts'

/** How a software realm is spoken to: the token in a header, the request in the body as it is. */
export function softwareDoor(realm: Realm, userOf: (token: string) => Promise<string | undefined>): Door {
  return async (body, headers) => {
    const token = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1]
    const userId = token === undefined ? undefined : await userOf(token)
    if (userId === undefined) return { status: 401, body: 'The token is not acceptable.' }
    return { status: 200, body: writeMessage(await realm.answer(userId, readMessage(secretsRequestSchema, body))) }
  }
}
