import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BRAND, createSimulator } from '../../simulator/index.ts'
import { giveTokens, juicebox } from '../helpers/juicebox-client.ts'
import { call, openStream, type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'

/** XChat as X documents it, with real keys, real realms and real ciphertext; every exchange is checked against X's document. */

interface KeyRecord {
  readonly public_key_version: string
  readonly juicebox_config?: {
    readonly key_store_token_map_json: string
    readonly max_guess_count: number
    readonly token_map: readonly { key: string; value: { address: string; token: string } }[]
  }
}
const ALL = 'public_key_version,public_key,signing_public_key,identity_public_key_signature,juicebox_config'

let x: ValidatedSimulator
let brand: string
let customer: { id: string; token: string }
beforeAll(async () => {
  x = await validatedSimulator({ pinHashingMode: 'FastInsecure' })
  const { simulator } = x
  brand = simulator.issueTokens({ userId: BRAND.id }).access_token
  const id = simulator.createUser({ username: 'ada' }).id
  customer = { id, token: simulator.issueTokens({ userId: id }).access_token }
})
afterAll(() => x?.simulator.close())

const keysOf = async (id: string, token: string, fields = ALL): Promise<KeyRecord[]> => {
  const { body } = await call(x.simulator, 'GET', `/2/users/${id}/public_keys?public_key.fields=${fields}`, { token })
  return (body['data'] ?? []) as KeyRecord[]
}

/** Recovers as an app would; gives the secret in hexadecimal, or the SDK's reason. */
async function recover(record: KeyRecord | undefined, pin: string): Promise<string> {
  const { Client, Configuration } = await juicebox()
  const config = record?.juicebox_config
  const tokens = new Map(config?.token_map.map(({ key, value }) => [key, value.token]))
  giveTokens((realm) => tokens.get(realm) ?? '')
  const client = new Client(new Configuration(config?.key_store_token_map_json ?? ''), [])
  try {
    return Buffer.from(await client.recover(new TextEncoder().encode(pin), new Uint8Array(0))).toString('hex')
  } catch (error) {
    const { reason, guesses_remaining } = error as { reason: number; guesses_remaining?: number }
    return `reason ${reason}, ${guesses_remaining} left`
  }
}

describe('somebody who has not set XChat up', () => {
  it('has no public keys, and nobody can write to them', async () => {
    expect(await keysOf(BRAND.id, brand)).toEqual([])
    await expect(x.simulator.sendChatMessage({ from: 'ada', to: BRAND.id, text: 'hi' })).rejects.toThrow(
      /not set XChat up/,
    )
    expect((await call(x.simulator, 'GET', '/2/chat/conversations', { token: brand })).body).toEqual({
      meta: { result_count: 0, has_more: false },
    })
  })
})

describe('somebody who has set it up', () => {
  let first: string
  beforeAll(async () => {
    first = (await x.simulator.setUpXChat({ user: BRAND.id, pin: '4821' })).version
  })

  it('shows public keys to everyone, and where the PIN is checked to themselves alone', async () => {
    const [own] = await keysOf(BRAND.id, brand)
    expect(own).toMatchObject({ public_key_version: first, juicebox_config: { max_guess_count: 20 } })
    expect(own?.juicebox_config?.token_map).toHaveLength(3)
    expect((await keysOf(BRAND.id, customer.token))[0]).not.toHaveProperty('juicebox_config')
    expect((await keysOf(BRAND.id, brand, 'public_key'))[0]).toEqual({ public_key: expect.any(String) })
  })

  it('recovers by the PIN, and counts wrong ones', async () => {
    const [record] = await keysOf(BRAND.id, brand)
    expect(await recover(record, '1111')).toContain('19 left')
    expect(await x.simulator.xchatGuesses({ user: BRAND.id })).toContainEqual({ used: 1, max: 20 })
    expect(await recover(record, '4821')).toMatch(/^[0-9a-f]{128}$/)
    await x.simulator.changeXChatPin({ user: BRAND.id, pin: '7306' })
    expect(await recover((await keysOf(BRAND.id, brand))[0], '4821')).toContain('19 left')
    expect(await recover((await keysOf(BRAND.id, brand))[0], '7306')).toMatch(/^[0-9a-f]{128}$/)
  })

  it('is told of a message at once, and reads it in pages, the newest first', async () => {
    for (const [event_type, token] of [['chat.received', brand]] as const) {
      await call(x.simulator, 'POST', '/2/activity/subscriptions', {
        token,
        body: { event_type, filter: { user_id: BRAND.id } },
      })
    }
    const stream = await openStream(x.simulator, 'perch-simulator-bearer')
    for (const text of ['one', 'two', 'three']) await x.simulator.sendChatMessage({ from: 'ada', to: BRAND.id, text })
    const events = await stream.until(3)
    stream.close()
    const conversation = [BRAND.id, customer.id].sort((a, b) => Number(BigInt(a) - BigInt(b)))
    expect(events[0]).toMatchObject({
      event_type: 'chat.received',
      payload: { sender_id: customer.id, conversation_id: conversation.join(':'), encoded_event: expect.any(String) },
    })
    const list = await call(x.simulator, 'GET', '/2/chat/conversations', { token: brand })
    // Nothing but what was asked for; times are whole seconds.
    expect(list.body['data']).toEqual([{ id: conversation.join('-'), type: 'one_to_one' }])
    const asking = '/2/chat/conversations?chat_conversation.fields=updated_at'
    const { data } = (await call(x.simulator, 'GET', asking, { token: brand })).body
    expect(data).toMatchObject([{ updated_at: expect.stringMatching(/:[0-9]{2}\.000Z$/) }])
    const path = `/2/chat/conversations/${conversation.join('-')}/events?max_results=2`
    const page = await call(x.simulator, 'GET', path, { token: brand })
    const meta = page.body['meta'] as { next_token: string; conversation_key_events: string[] }
    expect(meta).toMatchObject({ result_count: 2, has_more: true })
    expect(meta.conversation_key_events).toHaveLength(1)
    const rest = await call(x.simulator, 'GET', `${path}&pagination_token=${meta.next_token}`, { token: brand })
    const ids = [...(page.body['data'] as { id: string }[]), ...(rest.body['data'] as { id: string }[])].map(
      ({ id }) => id,
    )
    expect(ids).toEqual(ids.toSorted((a, b) => Number(BigInt(b) - BigInt(a))))
    // By the other's id alone, too; a stranger finds nothing.
    expect(
      (await call(x.simulator, 'GET', `/2/chat/conversations/${customer.id}/events`, { token: brand })).status,
    ).toBe(200)
    const stranger = x.simulator.issueTokens({ userId: x.simulator.createUser({ username: 'eve' }).id }).access_token
    expect((await call(x.simulator, 'GET', path, { token: stranger })).status).toBe(404)
    expect(x.simulator.chatMessages({ user: BRAND.id }).map(({ text }) => text)).toEqual(['one', 'two', 'three'])
    expect(JSON.stringify(page.body)).not.toContain('one')
  })

  it('reads neither what was damaged nor what somebody else signed', async () => {
    await x.simulator.sendChatMessage({ from: 'ada', to: BRAND.id, text: 'damaged', fault: 'damaged' })
    await x.simulator.sendChatMessage({ from: 'ada', to: BRAND.id, text: 'forged', fault: 'wrong-signature' })
    await x.simulator.sendChatMessage({ from: 'ada', to: BRAND.id, text: 'good' })
    const texts = x.simulator.chatMessages({ user: BRAND.id }).map(({ text }) => text)
    expect(texts.slice(-3)).toEqual([undefined, undefined, 'good'])
  })

  it('writes in groups', async () => {
    const { conversationId } = await x.simulator.createChatGroup({ from: 'ada', members: [BRAND.id], name: 'VIP' })
    expect(conversationId).toMatch(/^g\d+$/)
    await x.simulator.sendChatMessage({ from: 'ada', conversationId, text: 'to all' })
    expect(x.simulator.chatMessages({ user: BRAND.id })).toContainEqual(
      expect.objectContaining({ conversationId, text: 'to all' }),
    )
  })

  it('has new keys, a newer version and a new PIN when it is set up again; what comes then is for the new keys', async () => {
    const { version } = await x.simulator.setUpXChat({ user: BRAND.id, pin: '9035' })
    expect(Number(version)).toBeGreaterThan(Number(first))
    const versions = (await keysOf(BRAND.id, brand)).map(({ public_key_version }) => public_key_version)
    expect(versions).toEqual([version, first])
    await x.simulator.sendChatMessage({ from: 'ada', to: BRAND.id, text: 'to the new keys' })
    const texts = x.simulator.chatMessages({ user: BRAND.id }).map(({ text }) => text)
    expect([texts.includes('to the new keys'), texts.includes('one')]).toEqual([true, false])
  })

  it('can have guessed too often: then no PIN is right', async () => {
    await x.simulator.exhaustXChat({ user: BRAND.id })
    expect(await recover((await keysOf(BRAND.id, brand))[0], '9035')).toContain('0 left')
  })
})

it('asks for the scopes that X asks for', async () => {
  const poor = x.simulator.issueTokens({ userId: BRAND.id, scopes: ['tweet.read', 'users.read'] }).access_token
  for (const path of [`/2/users/${BRAND.id}/public_keys`, '/2/chat/conversations']) {
    expect((await call(x.simulator, 'GET', path, { token: poor })).status).toBe(403)
  }
})

it('a changed password ends every grant without a word; a suspended account is refused with 403', async () => {
  const { id } = x.simulator.createUser({ username: 'bob' })
  const { access_token: token } = x.simulator.issueTokens({ userId: id })
  const me = () => call(x.simulator, 'GET', '/2/users/me', { token })
  x.simulator.suspend({ user: 'bob', suspended: true })
  expect((await me()).status).toBe(403)
  x.simulator.suspend({ user: 'bob', suspended: false })
  expect((await me()).status).toBe(200)
  x.simulator.changePassword({ user: 'bob' })
  expect((await me()).status).toBe(401)
})

it('says nothing that X’s document does not', () => {
  x.assertNoViolations()
})

it('a reset sets the brand up again under the PIN that the simulator was started with, and answers when it has', async () => {
  const simulator = await createSimulator({ pinHashingMode: 'FastInsecure', xchatPin: '2580' })
  try {
    const response = await fetch(`${simulator.url}/control/reset`, { method: 'POST' })
    expect(await response.json()).toEqual({ ok: true })
    await simulator.changeXChatPin({ user: BRAND.id, pin: '1234' })
    expect(await simulator.xchatGuesses({ user: BRAND.id })).toHaveLength(3)
  } finally {
    await simulator.close()
  }
})
