import { XChatError, type XChatIdentity, type XChatVault } from '../xchat.ts'
import type { SigningKey } from './protocol.ts'
import { parsePublicKeys } from './public-keys.ts'
import type { ChatThread } from './thread.ts'

/** As `XChat.open`: the keys live in a thread until the vault is closed. */
export async function openVault(
  { xUserId, secretKey, keyVersion }: XChatIdentity,
  publicKeys: unknown,
  start: () => ChatThread,
): Promise<XChatVault> {
  const records = publicKeys === undefined ? [] : parsePublicKeys(publicKeys)
  const publicKey = records.find((record) => record.public_key_version === keyVersion)?.public_key
  const thread = start()
  try {
    // Its own memory, not a piece of Node's pool, so that it can be given away.
    const secret = Uint8Array.from(Buffer.from(secretKey, 'base64url'))
    const { fits } = await thread.ask({ kind: 'open', secret, xUserId, keyVersion, publicKey }, [secret])
    if (!fits) throw misfit()
  } catch (error) {
    await thread.end()
    throw error
  }
  return {
    async read({ participants, ...request }) {
      const signingKeys = participants.flatMap((participant) =>
        signingKeysOf(participant.xUserId, participant.publicKeys),
      )
      return thread.ask({ kind: 'read', ...request, signingKeys })
    },
    async write({ participants, ...request }) {
      const signingKeys = participants.flatMap((participant) =>
        signingKeysOf(participant.xUserId, participant.publicKeys),
      )
      return (await thread.ask({ kind: 'write', ...request, signingKeys })).message
    },
    close: () => thread.end(),
  }
}

const misfit = () => new XChatError('KEYS_DO_NOT_FIT', 'the secret is not the one of these public keys')

function signingKeysOf(userId: string, publicKeys: unknown): SigningKey[] {
  return parsePublicKeys(publicKeys).map((record) => ({
    userId,
    publicKeyVersion: record.public_key_version,
    publicKey: record.signing_public_key,
    identityPublicKey: record.public_key,
    identityPublicKeySignature: record.identity_public_key_signature,
  }))
}
