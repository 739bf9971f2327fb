import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import type { ChatWithJuicebox } from '@xdevplatform/chat-xdk'
import { openChat, recover } from './keys-in-thread.ts'
import type { Answered, Answers, Asked, Task } from './protocol.ts'
import { readEvents } from './read-in-thread.ts'
import { writeMessage } from './write-in-thread.ts'

/*
 * The thread of one account: juicebox-sdk's token hook serves one user at a time, and Argon2 takes a processor for a
 * second. Whoever started it ends it.
 */

/** Of 19: enough that whatever waits for a processor goes first. */
const NICENESS = 10

/** On Linux this concerns the calling thread alone (setpriority(2), "C library/kernel differences"); elsewhere all of us. */
function stepBack(): void {
  if (process.platform !== 'linux') return
  try {
    setPriority(0, NICENESS)
  } catch {
    // A sandbox may forbid it; then we are merely less polite.
  }
}

let chat: ChatWithJuicebox | undefined

async function answer(task: Task): Promise<Answers[keyof Answers]> {
  switch (task.kind) {
    case 'recover':
      return recover(task)
    case 'open':
      chat = await openChat(task)
      return { fits: chat !== undefined }
    case 'read':
      if (!chat) throw new Error('no keys are open')
      return readEvents(chat, task)
    case 'write':
      if (!chat) throw new Error('no keys are open')
      return { message: writeMessage(chat, task) }
  }
}

stepBack()
const port = parentPort
port?.on('message', async ({ id, task }: Asked) => {
  let answered: Answered
  try {
    answered = { id, answer: await answer(task) }
  } catch (error) {
    answered = { id, failure: error instanceof Error ? error.message : String(error) }
  }
  const secret =
    'answer' in answered && 'secret' in answered.answer ? [answered.answer.secret.buffer as ArrayBuffer] : []
  port.postMessage(answered, secret)
})
