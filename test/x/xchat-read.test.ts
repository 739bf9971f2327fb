import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSimulator, type Simulator } from '../../simulator/index.ts'
import { XError } from '../../src/x/errors.ts'
import { createXChat } from '../../src/x/xchat/create-xchat.ts'
import type { XChat, XChatIdentity, XChatVault } from '../../src/x/xchat.ts'
import { type Brand, brandOf, confirmed, type PublicKeys, xClientOf } from './xchat-world.ts'

let simulator: Simulator
let xchat: XChat
let acme: Brand
let ann: string
let bob: string
let carl: string
let keys: XChatIdentity
let vault: XChatVault
let publicKeys: PublicKeys

beforeAll(async () => {
  simulator = await createSimulator({ pinHashingMode: 'FastInsecure' })
  acme = brandOf(simulator, xClientOf(simulator), 'acme')
  ann = simulator.createUser({ username: 'ann' }).id
  bob = simulator.createUser({ username: 'bob' }).id
  carl = simulator.createUser({ username: 'carl' }).id
  await simulator.setUpXChat({ user: 'acme', pin: '2580' })
  xchat = createXChat()
  keys = await confirmed(xchat, acme, '2580')
  publicKeys = await acme.publicKeys()
  vault = await xchat.open(keys, publicKeys)
})

afterAll(async () => {
  await xchat.close()
  acme.x.close()
  await simulator.close()
})

/** The conversation with `other` as X has it, the oldest first, and whose keys may have signed in it. */
async function conversation(other: string) {
  const conversationId = [acme.xUserId, other].sort((a, b) => a.length - b.length || (a < b ? -1 : 1)).join('-')
  const { data, meta } = await acme.events(conversationId)
  return {
    conversationId,
    keyEvents: meta.conversation_key_events,
    events: data.toReversed().map(({ id, encoded_event: encodedEvent }) => ({ id, encodedEvent })),
    participants: [
      { xUserId: acme.xUserId, publicKeys },
      { xUserId: other, publicKeys: await acme.publicKeys(other) },
    ],
  }
}

const reasonsOf = (events: Awaited<ReturnType<XChatVault['read']>>) =>
  events.map((event) => (event.outcome === 'UNREADABLE' ? event.reason : event.outcome))

test('messages are read in order, with who signed them; the damaged and the forged are told apart', async () => {
  const first = await simulator.sendChatMessage({ from: 'ann', to: 'acme', text: 'Where is my parcel? 📦' })
  await simulator.sendChatMessage({ from: 'ann', to: 'acme', text: 'lost in transit', fault: 'damaged' })
  await simulator.sendChatMessage({ from: 'ann', to: 'acme', text: 'send me money', fault: 'wrong-signature' })
  await simulator.sendChatMessage({ from: 'acme', to: 'ann', text: 'On its way.' })
  const read = await vault.read(await conversation(ann))
  expect(reasonsOf(read)).toEqual(['MESSAGE', 'DAMAGED', 'NOT_VERIFIED', 'MESSAGE'])
  expect(read[0]).toEqual({
    id: first.id,
    outcome: 'MESSAGE',
    senderId: ann,
    text: 'Where is my parcel? 📦',
    attachments: [],
    messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    sequenceId: first.id,
  })
  expect(read[3]).toMatchObject({ senderId: acme.xUserId, text: 'On its way.' })
})

test('what comes with a text is named by its kind, as chat-xdk really gives it', async () => {
  for (const attachment of ['media', 'url', 'post'] as const) {
    await simulator.sendChatMessage({ from: 'carl', to: 'acme', text: 'Look', attachment })
  }
  await simulator.sendChatMessage({ from: 'carl', to: 'acme', text: 'https://example.com/order', attachment: 'url' })
  const read = await vault.read(await conversation(carl))
  const kinds = read.map((event) => event.outcome === 'MESSAGE' && event.attachments)
  // The link that can be read in the text needs no second word.
  expect(kinds).toEqual([['image'], ['link'], ['post'], []])
})

test('nothing is believed of somebody whose keys are not there, or are not theirs', async () => {
  const request = await conversation(ann)
  const [own, theirs] = request.participants
  if (!own || !theirs) throw new Error('two participants')
  const events = request.events.slice(0, 1)
  const unknown = await vault.read({ ...request, events, participants: [own] })
  // She made the conversation's key, too.
  expect(reasonsOf(unknown)).toEqual(['NO_CONVERSATION_KEY'])

  const data = theirs.publicKeys.data.map((record) => ({
    ...record,
    identity_public_key_signature: Buffer.alloc(64, 1).toString('base64'),
  }))
  const participants = [own, { xUserId: ann, publicKeys: { data } }]
  expect(reasonsOf(await vault.read({ ...request, events, participants }))).toEqual(['NO_CONVERSATION_KEY'])

  const broken = vault.read({ ...request, participants: [{ xUserId: ann, publicKeys: 'keys' }] })
  await expect(broken).rejects.toBeInstanceOf(XError)
})

test('a message that X puts under another name, or into another conversation, is not believed', async () => {
  await simulator.sendChatMessage({ from: 'bob', to: 'acme', text: 'I am Bob' })
  const [withAnn, withBob] = [await conversation(ann), await conversation(bob)]
  const participants = [...withAnn.participants, ...withBob.participants]
  const [message] = withBob.events
  if (!message) throw new Error('a message of Bob')
  const asAnn = Buffer.from(message.encodedEvent, 'base64')
  const at = asAnn.indexOf(bob)
  asAnn.write(ann, at)
  const forged = { id: message.id, encodedEvent: asAnn.toString('base64') }
  expect(reasonsOf(await vault.read({ ...withBob, participants, events: [message, forged] }))).toEqual([
    'MESSAGE',
    'NOT_VERIFIED',
  ])
  const keyEvents = [...withAnn.keyEvents, ...withBob.keyEvents]
  expect(reasonsOf(await vault.read({ ...withAnn, keyEvents, participants, events: [message] }))).toEqual([
    'NOT_VERIFIED',
  ])
})

test('what is no message, no event, or without its key is said to be so', async () => {
  const request = await conversation(ann)
  const [message] = request.events
  const [keyEvent] = request.keyEvents
  if (!message || !keyEvent) throw new Error('a message and its key')
  expect(reasonsOf(await vault.read({ ...request, keyEvents: [], events: [message] }))).toEqual(['NO_CONVERSATION_KEY'])
  const events = ['', '!!', 'AAAA', Buffer.alloc(300, 11).toString('base64'), keyEvent]
  const read = await vault.read({ ...request, events: events.map((encodedEvent, n) => ({ id: `${n}`, encodedEvent })) })
  expect(reasonsOf(read)).toEqual(['DAMAGED', 'DAMAGED', 'DAMAGED', 'DAMAGED', 'NO_MESSAGE'])
  expect(await vault.read({ ...request, events: [] })).toEqual([])
})

test('after the keys were replaced, the old ones read the old messages and not the new', async () => {
  await simulator.setUpXChat({ user: 'acme', pin: '1397' })
  await simulator.sendChatMessage({ from: 'bob', to: 'acme', text: 'are you there?' })
  const now = await acme.publicKeys()
  expect(xchat.keyVersions(now)[0]).not.toBe(keys.keyVersion)
  const request = await conversation(bob)
  const participants = [{ xUserId: acme.xUserId, publicKeys: now }, ...request.participants.slice(1)]
  expect(reasonsOf(await vault.read({ ...request, participants }))).toEqual(['MESSAGE', 'NO_CONVERSATION_KEY'])
})

test('a closed vault says so', async () => {
  const other = await xchat.open(keys)
  await other.close()
  await expect(other.read(await conversation(ann))).rejects.toMatchObject({ name: 'XChatError', kind: 'THREAD_FAILED' })
})
