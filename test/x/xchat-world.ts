import { BRAND, type Simulator } from '../../simulator/index.ts'
import type { XClient } from '../../src/x/client.ts'
import { createXClient } from '../../src/x/twitter-client.ts'
import type { PinRecovery, XChat } from '../../src/x/xchat.ts'

/** What @acme is told by a simulator, through the client of the product. */
export interface Acme {
  readonly x: XClient
  readonly token: string
  publicKeys(userId?: string): Promise<unknown>
  events(conversationId: string): Promise<ChatPage>
}

export interface ChatPage {
  readonly data: readonly { readonly id: string; readonly sender_id: string; readonly encoded_event: string }[]
  readonly meta: { readonly conversation_key_events: readonly string[] }
}

export function acmeAt(simulator: Simulator): Acme {
  const x = createXClient({
    clientId: 'perch-simulator',
    clientSecret: 'perch-simulator-secret',
    bearerToken: 'perch-simulator-bearer',
    apiUrl: new URL(simulator.url),
  })
  const token = simulator.issueTokens({ userId: 'acme' }).access_token
  return {
    x,
    token,
    publicKeys: async (userId = BRAND.id) => (await x.chat.publicKeys(userId, token)).body,
    events: async (conversationId) => (await x.chat.events(conversationId, { accessToken: token })).body as ChatPage,
  }
}

/** The other one of a conversation of two. */
export const partnerIn = (conversationId: string): string =>
  conversationId.split('-').find((id) => id !== BRAND.id) ?? ''

/** A guess with what X says now. */
export const guess = async (xchat: XChat, acme: Acme, pin: string): Promise<PinRecovery> =>
  xchat.recover({ xUserId: BRAND.id, pin, publicKeys: await acme.publicKeys() })

/** What a right guess recovers. Throws when it is none. */
export async function confirmed(xchat: XChat, acme: Acme, pin: string) {
  const recovery = await guess(xchat, acme, pin)
  if (recovery.outcome !== 'CONFIRMED') throw new Error(`the PIN was to be right: ${recovery.outcome}`)
  return { xUserId: BRAND.id, secretKey: recovery.secretKey, keyVersion: recovery.keyVersion }
}
