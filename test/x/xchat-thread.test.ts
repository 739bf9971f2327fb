import { expect, test } from 'vitest'
import { startChatThread } from '../../src/x/xchat/thread.ts'
import { runProgram } from '../helpers/programs.ts'

const open = { kind: 'open', xUserId: '1', keyVersion: '1', publicKey: undefined } as const

test('an open vault does not keep a process alive', async () => {
  const program = runProgram('xchat-process')
  expect(await program.said).toEqual({ opened: true })
  expect(await program.exited).toEqual([0, null])
})

test('a thread that is ended answers whoever waits, and whoever comes later', async () => {
  const thread = startChatThread()
  const refused = { name: 'XChatError', kind: 'THREAD_FAILED' }
  const waiting = expect(thread.ask({ ...open, secret: new Uint8Array(64) })).rejects.toMatchObject(refused)
  await thread.end()
  await waiting
  await expect(thread.ask({ ...open, secret: new Uint8Array(64) })).rejects.toMatchObject(refused)
})

test('a task that fails is an answer, the thread goes on, and the sender has no secret left', async () => {
  const thread = startChatThread()
  const read = { kind: 'read', conversationId: '1-2', keyEvents: [], events: [], signingKeys: [] } as const
  await expect(thread.ask(read)).rejects.toMatchObject({
    kind: 'THREAD_FAILED',
    message: expect.stringContaining('no keys'),
  })
  const secret = new Uint8Array(64).fill(7)
  expect(await thread.ask({ ...open, secret }, [secret])).toEqual({ fits: true })
  expect(secret).toHaveLength(0)
  expect(await thread.ask(read)).toEqual([])
  await thread.end()
})
