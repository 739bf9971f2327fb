import { availableParallelism } from 'node:os'
import PQueue from 'p-queue'
import { type PinRecovery, type RecoverRequest, type XChat, XChatError } from '../xchat.ts'
import { openVault } from './open-vault.ts'
import { parsePublicKeys } from './public-keys.ts'
import { recoverKeys } from './recover-keys.ts'
import { type ChatThread, startChatThread } from './thread.ts'

export interface XChatOptions {
  /**
   * Confirmations at a time; the others wait. Each takes a processor for a second or so (Argon2), and the API needs one:
   * all but one by default.
   */
  readonly concurrency?: number
  /** A whole confirmation, once it is its turn. */
  readonly deadlineMs?: number
  /** One request to a realm; a recovery makes three in a row. */
  readonly requestTimeoutMs?: number
}

const DEADLINE_MS = 20_000
const REQUEST_TIMEOUT_MS = 5_000

/** The real chat-xdk and juicebox-sdk, a thread for each account. */
export function createXChat(options: XChatOptions = {}): XChat {
  const { deadlineMs = DEADLINE_MS, requestTimeoutMs = REQUEST_TIMEOUT_MS } = options
  const queue = new PQueue({ concurrency: options.concurrency ?? Math.max(1, availableParallelism() - 1) })
  const threads = new Set<ChatThread>()
  const closing = new AbortController()

  function start(): ChatThread {
    const thread = startChatThread()
    const tracked = {
      ...thread,
      async end() {
        threads.delete(tracked)
        await thread.end()
      },
    }
    threads.add(tracked)
    return tracked
  }

  const assertOpen = () => closing.signal.throwIfAborted()

  return {
    async recover(request: RecoverRequest): Promise<PinRecovery> {
      assertOpen()
      const signal = request.signal ? AbortSignal.any([request.signal, closing.signal]) : closing.signal
      const limits = { deadlineMs, requestTimeoutMs, signal }
      return queue.add(() => recoverKeys(request, limits, start), { signal })
    },
    async open(identity, publicKeys) {
      assertOpen()
      return openVault(identity, publicKeys, start)
    },
    keyVersions: (publicKeys) => parsePublicKeys(publicKeys).map((record) => record.public_key_version),
    async close() {
      closing.abort(new XChatError('CLOSED', 'XChat is closed'))
      await Promise.all([...threads].map((thread) => thread.end()))
    },
  }
}
