import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import type { ChatWithJuicebox } from '@xdevplatform/chat-xdk'
import { openChat } from './chat.ts'
import type { Answers, Asked, Question, Reply } from './messages.ts'
import { readEvents } from './read.ts'
import { recover } from './recover.ts'

/*
 * One account's thread. It knows one account's keys at a time, answers one question after the other, and forgets all of
 * it when it is ended.
 */

try {
  // On Linux this is the thread's own: Argon2 gives way to the thread that answers clients.
  setPriority(10)
} catch {
  // Elsewhere, or not allowed: then it is as fast as the others.
}

let chat: ChatWithJuicebox | undefined
let last: Promise<unknown> = Promise.resolve()

async function answer(question: Question): Promise<Answers[keyof Answers]> {
  switch (question.kind) {
    case 'recover':
      return recover(question)
    case 'open': {
      chat = await openChat(Buffer.from(question.secretKey, 'base64url'))
      chat.setIdentity(question.xUserId, question.keyVersion)
      chat.setRejectUnverified(true)
      return null
    }
    case 'read':
      if (!chat) throw new Error('no keys are open')
      return readEvents(chat, question.keyEvents, question.events, question.signingKeys)
  }
}

parentPort?.on('message', ({ id, question }: Asked) => {
  last = last.then(async () => {
    const reply = await answer(question).then(
      (value): Reply => ({ id, answer: value }),
      // What a library says of keys stays here.
      (): Reply => ({ id, failure: `the question "${question.kind}" could not be answered` }),
    )
    parentPort?.postMessage(reply)
  })
})
