import type { Simulator } from '../../simulator/index.ts'
import type { XClient } from '../../src/x/client.ts'
import { createXClient } from '../../src/x/twitter-client.ts'
import type { PinRecovery, XChat, XChatIdentity } from '../../src/x/xchat.ts'

/** An account as Perch has it: an id and a token, through the client of the product. */
export interface Brand {
  readonly xUserId: string
  readonly username: string
  readonly token: string
  readonly x: XClient
  publicKeys(userId?: string): Promise<PublicKeys>
  events(conversationId: string): Promise<ChatPage>
}

/** X's answers, as far as tests look into them. */
export interface PublicKeys {
  readonly data: readonly {
    public_key_version: string
    readonly juicebox_config: { key_store_token_map_json: string; token_map: unknown[] }
  }[]
}
export interface ChatPage {
  readonly data: readonly { readonly id: string; readonly sender_id: string; readonly encoded_event: string }[]
  readonly meta: { readonly conversation_key_events: readonly string[] }
}

export function xClientOf(simulator: Simulator): XClient {
  return createXClient({
    clientId: 'perch-simulator',
    clientSecret: 'perch-simulator-secret',
    bearerToken: 'perch-simulator-bearer',
    apiUrl: new URL(simulator.url),
  })
}

/** The user of that name, who is made if there is none. */
export function brandOf(simulator: Simulator, x: XClient, username: string): Brand {
  const known = simulator.users().find((user) => user.username === username)
  const { id: xUserId } = known ?? simulator.createUser({ username })
  const token = simulator.issueTokens({ userId: xUserId }).access_token
  return {
    xUserId,
    username,
    token,
    x,
    publicKeys: async (userId = xUserId) => (await x.chat.publicKeys(userId, token)).body as PublicKeys,
    events: async (conversationId) => (await x.chat.events(conversationId, { accessToken: token })).body as ChatPage,
  }
}

/** A guess with what X says now. */
export const guess = async (xchat: XChat, { xUserId, publicKeys }: Brand, pin: string): Promise<PinRecovery> =>
  xchat.recover({ xUserId, pin, publicKeys: await publicKeys() })

/** What a right guess recovers. Throws when it is none. */
export async function confirmed(xchat: XChat, brand: Brand, pin: string): Promise<XChatIdentity> {
  const recovery = await guess(xchat, brand, pin)
  if (recovery.outcome !== 'CONFIRMED') throw new Error(`the PIN was to be right: ${recovery.outcome}`)
  return { xUserId: brand.xUserId, secretKey: recovery.secretKey, keyVersion: recovery.keyVersion }
}
