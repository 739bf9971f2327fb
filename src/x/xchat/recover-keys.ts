import type { PinRecovery, RecoverRequest } from '../xchat.ts'
import { XChatError } from '../xchat.ts'
import { outcomeOf, unavailable } from './outcome.ts'
import { parsePublicKeys } from './public-keys.ts'
import { isSafeAddress, realmAccess } from './realms.ts'
import type { ChatThread } from './thread.ts'

interface Limits {
  readonly deadlineMs: number
  readonly requestTimeoutMs: number
  readonly signal: AbortSignal
}

/** One guess, in a thread of its own that ends with it. As `XChat.recover`. */
export async function recoverKeys(
  { pin, publicKeys }: RecoverRequest,
  { deadlineMs, requestTimeoutMs, signal }: Limits,
  start: () => ChatThread,
): Promise<PinRecovery> {
  const records = parsePublicKeys(publicKeys)
  const newest = records[0]
  // X shows it with every version of one's own keys or with the newest: it is of the user.
  const config = records.find((record) => record.juicebox_config)?.juicebox_config
  if (!newest || !config) return { outcome: 'NOT_REGISTERED' }
  const { configuration, addresses, tokens } = realmAccess(config)
  const unsafe = addresses.find((address) => !isSafeAddress(address))
  if (unsafe !== undefined) return unavailable(`${new URL(unsafe).origin} is not spoken to over TLS`)

  const thread = start()
  const deadline = AbortSignal.timeout(deadlineMs)
  const end = () => void thread.end()
  const cut = AbortSignal.any([signal, deadline])
  cut.addEventListener('abort', end)
  try {
    signal.throwIfAborted()
    const bytes = new TextEncoder().encode(pin)
    const publicKey = newest.public_key
    const answer = await thread.ask(
      { kind: 'recover', pin: bytes, configuration, addresses, tokens, requestTimeoutMs, publicKey },
      [bytes],
    )
    return outcomeOf(answer, newest.public_key_version)
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (deadline.aborted) return unavailable(`no answer within ${deadlineMs / 1000} s`)
    if (error instanceof XChatError) return unavailable(error.message)
    throw error
  } finally {
    cut.removeEventListener('abort', end)
    await thread.end()
  }
}
