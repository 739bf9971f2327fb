import { type ChatWithJuicebox, createChat } from '@xdevplatform/chat-xdk'

/**
 * chat-xdk with keys that are at hand. It offers no import of keys, so it is handed a Juicebox client that gives them
 * without PIN or network, through the option that its own tests use (TRAPS, "XChat"). Throws when they are no keys.
 */
export async function openChat(secret: Uint8Array): Promise<ChatWithJuicebox> {
  const options = {
    juiceboxConfig: '{"realms":[]}',
    getAuthToken: async () => '',
    juiceboxModule: {
      Configuration: class {},
      Client: class {
        // chat-xdk wipes what it is given.
        recover = async (): Promise<Uint8Array> => Uint8Array.from(secret)
      },
    },
  }
  const chat = await createChat(options)
  await chat.unlock('0000')
  return chat
}
