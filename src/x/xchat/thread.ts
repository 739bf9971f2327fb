import { Worker } from 'node:worker_threads'
import { XChatError } from '../xchat.ts'
import type { Answered, Answers, Task } from './protocol.ts'

/** The thread of one account, from outside. */
export interface ChatThread {
  /** Rejects with XChatError THREAD_FAILED when the thread fails at the task, crashes or is ended. */
  ask<T extends Task>(task: T, transfer?: readonly Uint8Array[]): Promise<Answers[T['kind']]>
  /** Ends it at once, whatever it does, and all that it knows with it. */
  end(): Promise<void>
}

interface Waiting {
  resolve(answer: Answers[keyof Answers]): void
  reject(error: XChatError): void
}

/**
 * Starts a thread, which keeps the process alive only while it owes an answer. Nothing it throws goes unhandled: it is
 * the answer to what was asked.
 */
export function startChatThread(): ChatThread {
  const worker = startWorker()
  worker.unref()
  const waiting = new Map<number, Waiting>()
  let ended: XChatError | undefined
  let lastId = 0

  const finish = (why: string) => {
    ended ??= new XChatError('THREAD_FAILED', why)
    for (const { reject } of waiting.values()) reject(ended)
    waiting.clear()
  }
  worker.on('message', (answered: Answered) => {
    const asker = waiting.get(answered.id)
    waiting.delete(answered.id)
    if (waiting.size === 0) worker.unref()
    if ('answer' in answered) asker?.resolve(answered.answer)
    else asker?.reject(new XChatError('THREAD_FAILED', `the thread failed: ${answered.failure}`))
  })
  worker.on('error', (error) => finish(`the thread crashed: ${error.message}`))
  worker.on('exit', () => finish('the thread has ended'))

  return {
    ask<T extends Task>(task: T, transfer: readonly Uint8Array[] = []) {
      return new Promise<Answers[T['kind']]>((resolve, reject) => {
        if (ended) return reject(ended)
        const id = ++lastId
        worker.ref()
        // The thread answers a task with the answer of its kind; the map cannot say so.
        waiting.set(id, { resolve: resolve as Waiting['resolve'], reject })
        worker.postMessage(
          { id, task },
          transfer.map(({ buffer }) => buffer as ArrayBuffer),
        )
      })
    },
    async end() {
      await worker.terminate()
    },
  }
}

function startWorker(): Worker {
  // It is told all it needs: no settings of ours. Its words go nowhere: whoever read them would keep the process alive.
  const options = { env: {}, stdin: false, stdout: true, stderr: true, name: 'xchat' }
  return import.meta.url.endsWith('.ts')
    ? new Worker(loaderOf(new URL('./thread-main.ts', import.meta.url)), { ...options, eval: true })
    : new Worker(new URL('./thread-main.js', import.meta.url), options)
}

/** From the sources: Node 20 reads them through tsx, and a thread takes no loader from its parent. */
function loaderOf({ href }: URL): string {
  const from = JSON.stringify(import.meta.url)
  return `import('tsx/esm/api').then(({ tsImport }) => tsImport(${JSON.stringify(href)}, ${from}))`
}
