import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BRAND } from '../../simulator/index.ts'
import { createPerson, type Person } from '../../simulator/xchat/person.ts'
import { call, openStream, type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'

/** An app that is on XChat by HTTP alone, with real keys of its own; every exchange is checked against X's document. */

interface Reader {
  readonly keys: Person
  readonly token: string
}
type Change = ReturnType<Person['chat']['prepareConversationKeyChange']>

let x: ValidatedSimulator
let brand: Reader
let version: string
const stranger = { id: '', token: '' }

const get = (path: string, token: string) => call(x.simulator, 'GET', path, { token })
const post = (path: string, token: string, body?: unknown) => call(x.simulator, 'POST', path, { token, body })
const dataOf = async (path: string, token: string) =>
  ((await get(path, token)).body['data'] ?? []) as Record<string, string>[]

beforeAll(async () => {
  x = await validatedSimulator({ pinHashingMode: 'FastInsecure' })
  const { simulator } = x
  for (const username of ['ada', 'bob']) simulator.createUser({ username })
  stranger.id = simulator.createUser({ username: 'eve' }).id
  stranger.token = simulator.issueTokens({ userId: stranger.id }).access_token
  brand = { keys: await createPerson(BRAND.id), token: simulator.issueTokens({ userId: BRAND.id }).access_token }
})
afterAll(() => x?.simulator.close())

const idOf = (username: string) => x.simulator.users().find((user) => user.username === username)?.id ?? ''
const registration = (): Record<string, unknown> => ({
  public_key: { ...brand.keys.record, registration_method: 'CustomPin' },
})

async function publicKeys(ids: readonly string[]) {
  const fields = 'public_key_version,public_key,signing_public_key,identity_public_key_signature'
  const found = []
  for (const userId of ids) {
    for (const key of await dataOf(`/2/users/${userId}/public_keys?public_key.fields=${fields}`, brand.token)) {
      found.push({ userId, ...key } as { userId: string } & Record<string, string>)
    }
  }
  return found
}

/** What `reader` makes of a conversation: texts, and why the rest cannot be read. */
async function readAll({ keys, token }: Reader, path: string, ids: readonly string[]) {
  const { body } = await get(`${path}/events?max_results=100`, token)
  const { conversation_key_events: changes } = body['meta'] as { conversation_key_events: string[] }
  const events = (body['data'] ?? []) as { encoded_event: string }[]
  keys.chat.setSigningKeys(
    (await publicKeys(ids)).map((key) => ({
      userId: key.userId,
      publicKeyVersion: key['public_key_version'] ?? '',
      publicKey: key['signing_public_key'] ?? '',
      identityPublicKey: key['public_key'] ?? '',
      identityPublicKeySignature: key['identity_public_key_signature'] ?? '',
    })),
  )
  const read = keys.chat.decryptEvents([...changes, ...events.map((event) => event.encoded_event)])
  const contents = read.messages.flatMap(({ event }) => (event.type === 'message' ? [JSON.stringify(event)] : []))
  return { contents, errors: Object.values(read.errors) }
}

const keyChange = (change: Change) => ({
  conversation_key_version: change.conversationKeyVersion,
  conversation_participant_keys: change.participantKeys.map((key) => ({
    user_id: key.userId,
    encrypted_conversation_key: key.encryptedKey,
    public_key_version: key.publicKeyVersion,
  })),
  action_signatures: change.actionSignatures.map((signed) => ({
    message_id: signed.messageId,
    encoded_message_event_detail: signed.encodedMessageEventDetail,
    message_event_signature: {
      signature: signed.signature,
      public_key_version: signed.publicKeyVersion,
      signature_version: signed.signatureVersion,
    },
  })),
})

function message(conversationId: string, text: string, change?: Change) {
  const sent = brand.keys.chat.encryptMessage({
    conversationId,
    text,
    ...(change && { conversationKey: change.conversationKey, conversationKeyVersion: change.conversationKeyVersion }),
  })
  return {
    message_id: sent.messageId,
    encoded_message_create_event: sent.encryptedContent,
    encoded_message_event_signature: sent.encodedEventSignature,
  }
}

const inputs = async (ids: readonly string[]) =>
  (await publicKeys(ids)).map(({ userId, public_key = '', public_key_version: keyVersion = '' }) => ({
    userId,
    publicKey: public_key,
    keyVersion,
  }))

const textsOf = (user: string) => x.simulator.chatMessages({ user }).map(({ text }) => text)

describe('an app that registers keys', () => {
  it('is told their version, and where a PIN is checked', async () => {
    const path = `/2/users/${BRAND.id}/public_keys`
    const body = { ...registration(), version: '0', generate_version: true }
    const answer = await post(path, brand.token, body)
    expect(answer.body).toMatchObject({
      data: { public_key_version: expect.stringMatching(/^\d{13}$/), juicebox_config: { max_guess_count: 20 } },
    })
    version = (answer.body['data'] as { public_key_version: string }).public_key_version
    brand.keys.chat.setIdentity(BRAND.id, version)
    expect((await post(path, brand.token, { ...registration(), version })).status).toBe(400)
    expect((await post(path, stranger.token, { ...registration(), version: '9' })).status).toBe(403)
    const both = await dataOf(`/2/users/public_keys?ids=${BRAND.id},${stranger.id}`, stranger.token)
    expect(both).toEqual([{ public_key_version: version, public_key: brand.keys.record.public_key }])
  })
})

describe('an app that is written to', () => {
  const ada = () => [idOf('ada'), BRAND.id]
  const path = () => `/2/chat/conversations/${idOf('ada')}`

  it('reads it, answers by the same key, and the customer reads the answer', async () => {
    for (const event_type of ['chat.sent', 'chat.received']) {
      await post('/2/activity/subscriptions', brand.token, { event_type, filter: { user_id: BRAND.id } })
    }
    const stream = await openStream(x.simulator, 'perch-simulator-bearer')
    await x.simulator.sendChatMessage({ from: 'ada', to: BRAND.id, text: 'Where is my parcel?' })
    const { contents } = await readAll(brand, path(), ada())
    expect(contents).toEqual([expect.stringContaining('Where is my parcel?')])
    const conversationId = String(
      (await dataOf(`${path()}/events?chat_message_event.fields=conversation_id`, brand.token))[0]?.['conversation_id'],
    )
    const answer = await post(
      `${path()}/messages`,
      brand.token,
      message(conversationId.replace('-', ':'), 'On its way'),
    )
    expect(answer).toMatchObject({ status: 201, body: { data: { encoded_message_event: expect.any(String) } } })
    expect(textsOf('ada')).toEqual(['Where is my parcel?', 'On its way'])
    const told = await stream.until(2)
    stream.close()
    expect(told.map(({ event_type, payload }) => [event_type, payload['sender_id']])).toEqual([
      ['chat.received', idOf('ada')],
      ['chat.sent', BRAND.id],
    ])
  })

  it('marks it as read, types, and sees who takes part', async () => {
    const [last] = await dataOf(`${path()}/events`, brand.token)
    expect((await post(`${path()}/read`, brand.token, { seen_until_sequence_id: last?.['id'] })).status).toBe(200)
    expect((await post(`${path()}/typing`, brand.token)).status).toBe(200)
    const { body } = await get(`${path()}?chat_conversation.fields=type&expansions=participant_ids`, brand.token)
    expect(body).toMatchObject({
      data: { type: 'one_to_one', participant_ids: expect.arrayContaining(ada()) },
      includes: { users: expect.arrayContaining([expect.objectContaining({ username: 'ada' })]) },
    })
    expect(body['data']).not.toHaveProperty('created_at')
  })

  it('is sent attachments, damaged messages, and such as somebody else has signed', async () => {
    const attached = { from: 'bob', to: BRAND.id, text: 'See here', attachment: 'media' } as const
    await x.simulator.sendChatMessage(attached)
    await x.simulator.sendChatMessage({ ...attached, attachment: 'url' })
    await x.simulator.sendChatMessage({ ...attached, attachment: 'post' })
    for (const fault of ['damaged', 'wrong-signature'] as const) {
      await x.simulator.sendChatMessage({ from: 'bob', to: BRAND.id, text: 'Gone', fault })
    }
    const { contents, errors } = await readAll(brand, `/2/chat/conversations/${idOf('bob')}`, [idOf('bob'), BRAND.id])
    expect(contents).toHaveLength(3)
    for (const content of ['photo.jpg', 'https://example.com/order', '1404092000000000002']) {
      expect(contents.join()).toContain(content)
    }
    // The signature covers the ciphertext: damage shows there first.
    expect(errors).toEqual(Array(2).fill(expect.stringContaining('Signature verification failed')))
  })

  it('turns pages without seeing anything twice, whatever arrives meanwhile', async () => {
    for (const text of ['1', '2', '3']) await x.simulator.sendChatMessage({ from: 'ada', to: BRAND.id, text })
    const first = await get(`${path()}/events?max_results=2`, brand.token)
    const { next_token: token } = first.body['meta'] as { next_token: string }
    await x.simulator.sendChatMessage({ from: 'ada', to: BRAND.id, text: '4' })
    const second = await dataOf(`${path()}/events?max_results=2&pagination_token=${token}`, brand.token)
    const seen = [...(first.body['data'] as { id: string }[]), ...second].map(({ id }) => id)
    expect(new Set(seen).size).toBe(4)
    expect((await get(`${path()}/events?pagination_token=2`, brand.token)).status).toBe(400)
    expect((await get(`${path()}/events?since_id=2`, brand.token)).status).toBe(400)
    const conversations = await dataOf('/2/chat/conversations?max_results=1', brand.token)
    expect(conversations).toMatchObject([{ id: expect.stringContaining(idOf('ada')) }])
  })
})

describe('an app that begins', () => {
  it('makes the key of a conversation, for everybody in it', async () => {
    const change = brand.keys.chat.prepareConversationKeyChange({ publicKeys: await inputs([BRAND.id, idOf('bob')]) })
    const path = `/2/chat/conversations/${idOf('bob')}`
    const { body } = await post(`${path}/keys`, brand.token, keyChange(change))
    expect(body).toMatchObject({ data: { sequence_id: expect.stringMatching(/^\d+$/) } })
    await post(`${path}/messages`, brand.token, message(change.conversationId, 'A word from us', change))
    expect(textsOf('bob')).toContain('A word from us')

    const refused = async (id: string, wrong: object, token = brand.token) =>
      (await post(`/2/chat/conversations/${id}/keys`, token, { ...keyChange(change), ...wrong })).status
    expect(await refused(idOf('bob'), { action_signatures: [] })).toBe(400)
    expect(await refused(idOf('bob'), { conversation_participant_keys: [] })).toBe(400)
    expect(await refused(idOf('ada'), {})).toBe(400)
    expect(await refused(BRAND.id, {})).toBe(404)
    expect(await refused(change.conversationId.replace(':', '-'), {}, stranger.token)).toBe(404)
    expect(
      (await post(`/2/chat/conversations/${stranger.id}/messages`, brand.token, message('1:2', '', change))).status,
    ).toBe(404)
  })

  it('makes groups under ids that X gives', async () => {
    const initialized = await post('/2/chat/conversations/group/initialize', brand.token)
    const { conversation_id: id } = initialized.body['data'] as { conversation_id: string }
    const members = [BRAND.id, idOf('ada'), idOf('bob')]
    const change = brand.keys.chat.prepareGroupCreate({
      conversationId: id,
      publicKeys: await inputs(members),
      memberIds: members,
      adminIds: [BRAND.id],
      title: 'Testers',
    })
    const group = { ...keyChange(change), conversation_id: id, group_members: members, group_name: 'Testers' }
    const create = (body: object, token = brand.token) => post('/2/chat/conversations/group', token, body)
    expect((await create(group, stranger.token)).status).toBe(400)
    expect((await create({ ...group, group_members: members.slice(1) })).status).toBe(400)
    expect(await create(group)).toMatchObject({ status: 201, body: { data: { conversation_id: id } } })
    expect((await create(group)).status).toBe(400)
    await post(`/2/chat/conversations/${id}/messages`, brand.token, message(id, 'Hello testers', change))
    for (const user of ['ada', 'bob']) expect(textsOf(user)).toContain('Hello testers')
    const asked = 'chat_conversation.fields=group_name&expansions=admin_ids'
    const { body } = await get(`/2/chat/conversations/${id}?${asked}`, brand.token)
    expect(body).toMatchObject({ data: { type: 'group', group_name: 'Testers', admin_ids: [BRAND.id] } })
    expect((await get(`/2/chat/conversations/${id}`, stranger.token)).status).toBe(404)
    expect((await post(`/2/chat/conversations/${id}/keys`, stranger.token, keyChange(change))).status).toBe(404)
  })
})

it('customers write to a brand on XChat now and then, beside their posts', async () => {
  const known = (await dataOf('/2/chat/conversations?max_results=100', brand.token)).length
  x.simulator.setTraffic({ perMinute: 60_000 })
  await expect
    .poll(async () => (await dataOf('/2/chat/conversations?max_results=100', brand.token)).length, { timeout: 10_000 })
    .toBeGreaterThan(known)
  x.simulator.setTraffic({ perMinute: 0 })
  expect(x.simulator.state.posts).toBeGreaterThan(0)
})

it('a reset forgets keys and conversations', async () => {
  await x.simulator.reset()
  expect(await dataOf(`/2/users/${BRAND.id}/public_keys`, brand.token)).toEqual([])
  expect(await dataOf('/2/chat/conversations', brand.token)).toEqual([])
})

it('says nothing that X’s document does not', () => {
  x.assertNoViolations()
})
