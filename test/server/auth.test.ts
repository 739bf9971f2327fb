import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import {
  type AuthenticatorOptions,
  createAuthenticator,
  createTokenSigner,
  deriveTokenKey,
  type KnownUser,
  type Role,
} from '../../src/server/auth.ts'
import { KEY, knownUser, testUsers, token } from './support.ts'

const users = testUsers()
const findUser = async (id: string): Promise<KnownUser | null> => users.get(id) ?? null
const withKey = (options: Partial<AuthenticatorOptions> = {}) => createAuthenticator({ key: KEY, findUser, ...options })

interface Claims {
  readonly [name: string]: unknown
}
/** Promise.withResolvers, which Node 20 lacks. */
function withResolvers() {
  let resolve = () => {}
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve: () => resolve() }
}
const claims = { sub: 'bob', role: 'AGENT', iss: 'perch', aud: 'perch' }
const jwt = (
  payload: Claims,
  { exp = '1h', key = KEY, alg = 'HS256' }: { exp?: string; key?: Uint8Array; alg?: string } = {},
) => new SignJWT(payload).setProtectedHeader({ alg }).setExpirationTime(exp).sign(key)

describe('a token signed with the key', () => {
  test('says who asks and until when', async () => {
    const { viewer, expiresAt } = await withKey().authenticate(`Bearer ${await token('bob', 'AGENT', 60)}`)
    expect(viewer).toEqual({ userId: 'bob', role: 'AGENT', ticketAccess: 'ALL', groupIds: [] })
    expect((expiresAt?.getTime() ?? 0) - Date.now()).toBeGreaterThan(58_000)
    expect((expiresAt?.getTime() ?? 0) - Date.now()).toBeLessThanOrEqual(60_000)
  })

  test('may come without the word Bearer, and nothing at all is nobody', async () => {
    expect((await withKey().authenticate(await token())).viewer).toMatchObject({ userId: 'bob' })
    expect(await withKey().authenticate(undefined)).toEqual({ viewer: null, expiresAt: null })
  })

  test.each<[Role, string, Role]>([
    ['AGENT', 'ada', 'AGENT'],
    ['END_USER', 'ada', 'END_USER'],
    ['ADMIN', 'bob', 'AGENT'],
    ['ADMIN', 'eve', 'END_USER'],
    ['ADMIN', 'ada', 'ADMIN'],
  ])('that claims %s for %s gives %s: it may narrow a role, never widen it', async (claimed, id, given) => {
    expect((await withKey().authenticate(await token(id, claimed))).viewer?.role).toBe(given)
  })

  test('without a role claim gives the role of the database', async () => {
    const { role: _, ...rest } = claims
    expect((await withKey().authenticate(await jwt(rest))).viewer?.role).toBe('AGENT')
  })

  test('that has expired is TOKEN_EXPIRED', async () => {
    await expect(withKey().authenticate(await token('bob', 'AGENT', -1))).rejects.toMatchObject({
      code: 'TOKEN_EXPIRED',
    })
  })

  test.each<[string, () => Promise<string> | string]>([
    ['of another key', () => jwt(claims, { key: deriveTokenKey('another secret') })],
    ['of another algorithm', () => jwt(claims, { key: new Uint8Array([...KEY, ...KEY]), alg: 'HS512' })],
    [
      'without a signature',
      () => `${btoa('{"alg":"none"}')}.${btoa(JSON.stringify({ ...claims, exp: 4e9 }))}.`.replaceAll('=', ''),
    ],
    ['of another issuer', () => jwt({ ...claims, iss: 'someone' })],
    ['for another audience', () => jwt({ ...claims, aud: 'someone' })],
    ['that never expires', () => new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(KEY)],
    ['without a subject', () => jwt({ role: 'AGENT', iss: 'perch', aud: 'perch' })],
    ['of a role that does not exist', () => jwt({ ...claims, role: 'GOD' })],
    ['of a user that does not exist', () => jwt({ ...claims, sub: 'nobody' })],
    ['of a deactivated user', () => jwt({ ...claims, sub: 'gone' })],
    ['that is no token', () => 'Bearer x'],
    ['of another scheme', () => 'Basic YWRhOmxvdmVsYWNl'],
    ['that is empty', () => 'Bearer '],
    ['that is not even a scheme', () => ''],
  ])('%s is UNAUTHENTICATED', async (_, make) => {
    await expect(withKey().authenticate(await make())).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  test('of a secret that is being replaced is good as long as that one is listed', async () => {
    const furtherKeys = ['an older secret', 'the secret before'].map(deriveTokenKey)
    const issued = (secret: string, ttlSeconds = 60) =>
      createTokenSigner(deriveTokenKey(secret)).sign({ sub: 'bob', role: 'AGENT', ttlSeconds })
    const ring = withKey({ furtherKeys })
    for (const text of [await issued('an older secret'), await issued('the secret before'), await token()]) {
      expect((await ring.authenticate(text)).viewer).toMatchObject({ userId: 'bob' })
    }
    const refused = (given: Promise<string>, code: string, by = ring) =>
      expect(given.then((text) => by.authenticate(text))).rejects.toMatchObject({ code })
    await refused(issued('the secret before', -1), 'TOKEN_EXPIRED')
    await refused(issued('a secret of others'), 'UNAUTHENTICATED')
    await refused(issued('the secret before'), 'UNAUTHENTICATED', withKey())
  })

  test('is UNAVAILABLE, not refused, while users cannot be looked up', async () => {
    const broken = withKey({ findUser: () => Promise.reject(new Error('no database')) })
    await expect(broken.authenticate(await token())).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})

test('the key depends on the secret, and only on it', () => {
  expect(deriveTokenKey('a')).toEqual(deriveTokenKey('a'))
  expect(deriveTokenKey('a')).not.toEqual(deriveTokenKey('b'))
  expect(deriveTokenKey('a')).toHaveLength(32)
})

test('a user is looked up once for a while, also by many at once', async () => {
  let asked = 0
  const auth = withKey({
    userTtlMs: 60_000,
    findUser: async (id) => {
      asked += 1
      return findUser(id)
    },
  })
  const bob = await token()
  await Promise.all(Array.from({ length: 20 }, () => auth.authenticate(bob)))
  await auth.authenticate(bob)
  expect(asked).toBe(1)
})

describe('access and groups', () => {
  const restricted = { ticketAccess: 'GROUPS', groupIds: ['billing'] } as const
  const at = (offset: number) => ({ epoch: 'e', offset })

  test('come from the database, with the place in the log that they were read at', async () => {
    const auth = withKey({ findUser: async (id) => knownUser(id, 'AGENT', { ...restricted, asOf: at(7) }) })
    const { viewer } = await auth.authenticate(await token())
    expect(viewer).toEqual({ userId: 'bob', role: 'AGENT', ...restricted, asOf: at(7) })
  })

  test('are looked up again when the log tells of a change, also by those whose look-up was under way', async () => {
    let offset = 7
    let asked = 0
    const answered = withResolvers()
    const auth = withKey({
      userTtlMs: 60_000,
      findUser: async (id) => {
        asked += 1
        const found = knownUser(id, 'AGENT', { groupIds: [`as of ${offset}`], asOf: at(offset) })
        if (asked === 1) await answered.promise
        return found
      },
    })
    const first = auth.authenticate(await token())
    await expect.poll(() => asked).toBe(1)
    offset = 9
    auth.changed('bob', at(9))
    answered.resolve()
    const { viewer } = await first
    expect(viewer).toMatchObject({ groupIds: ['as of 9'] })
    if (!viewer) throw new Error('There is no viewer.')
    offset = 12
    expect(await auth.renew(viewer)).toMatchObject({ groupIds: ['as of 9'] })
    auth.changed('bob', at(8))
    auth.changed('eve', at(12))
    expect(await auth.renew(viewer)).toMatchObject({ groupIds: ['as of 9'] })
    auth.changed('bob', at(12))
    expect(await auth.renew(viewer)).toMatchObject({ groupIds: ['as of 12'], asOf: at(12) })
  })

  test('a viewer goes on while active and of the role, narrowed as the token has it', async () => {
    let user: KnownUser | null = knownUser('ada', 'ADMIN')
    const auth = withKey({ userTtlMs: 1, findUser: async () => user })
    const { viewer } = await auth.authenticate(await token('ada', 'AGENT'))
    if (!viewer) throw new Error('There is no viewer.')
    expect(await auth.renew(viewer)).toMatchObject({ role: 'AGENT' })
    for (const [now, goesOn] of [
      [knownUser('ada', 'AGENT', restricted), true],
      [knownUser('ada', 'END_USER'), false],
      [knownUser('ada', 'AGENT', { active: false }), false],
      [null, false],
    ] as const) {
      user = now
      await expect.poll(async () => (await auth.renew(viewer)) !== null).toBe(goesOn)
    }
  })
})

describe('with a JWKS', () => {
  const serve = async (keys: () => unknown[]) => {
    const server = createServer((_, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ keys: keys() }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`
    return { jwksUrl, close: () => new Promise((resolve) => server.close(resolve)) }
  }

  test('its asymmetric keys are accepted, and a symmetric one is not', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256')
    const shared = new Uint8Array(32).fill(7)
    const symmetric = { kty: 'oct', kid: 'b', alg: 'HS256', k: Buffer.from(shared).toString('base64url') }
    const server = await serve(() => [{ ...jwk, kid: 'a', alg: 'ES256' }, symmetric])
    const jwk = await exportJWK(publicKey)
    const auth = createAuthenticator({ jwksUrl: server.jwksUrl, issuer: 'idp', findUser })
    const sign = (kid: string, alg: string, key: Parameters<SignJWT['sign']>[0], more: Claims = {}) =>
      new SignJWT({ ...claims, iss: 'idp', ...more }).setProtectedHeader({ alg, kid }).setExpirationTime('1h').sign(key)
    try {
      expect((await auth.authenticate(await sign('a', 'ES256', privateKey))).viewer?.userId).toBe('bob')
      for (const bad of [
        sign('b', 'HS256', shared),
        sign('a', 'ES256', privateKey, { iss: 'perch' }),
        sign('a', 'ES256', privateKey, { aud: 'another' }),
        sign('unknown', 'ES256', privateKey),
      ]) {
        await expect(auth.authenticate(await bad)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
      }
    } finally {
      await server.close()
    }
  })

  test('that cannot be reached, tokens are UNAVAILABLE', async () => {
    const server = await serve(() => [])
    await server.close()
    const { privateKey } = await generateKeyPair('ES256')
    const auth = createAuthenticator({ jwksUrl: server.jwksUrl, findUser })
    const some = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).setExpirationTime('1h').sign(privateKey)
    await expect(auth.authenticate(some)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})

test('the signer and the authenticator of one secret fit together', async () => {
  const key = deriveTokenKey('s')
  const made = await createTokenSigner(key).sign({ sub: 'ada', role: 'ADMIN', ttlSeconds: 5 })
  expect((await withKey({ key }).authenticate(made)).viewer).toMatchObject({ userId: 'ada', role: 'ADMIN' })
})

describe('a session of the requester’s page', () => {
  const session = async (generation?: number) =>
    `Session ${await createTokenSigner(KEY).sign({ sub: 'eve', role: 'END_USER', ttlSeconds: 60, ...(generation !== undefined && { generation }) })}`
  const of = (sessionGeneration: number) => {
    const person = { ...knownUser('eve', 'END_USER'), sessionGeneration }
    const auth = createAuthenticator({
      key: deriveTokenKey('x'.repeat(32)),
      requesters: { keys: [KEY], open: async () => true },
      findUser: async () => ({ ...person }),
    })
    return { person, auth }
  }

  test('is over once the person has signed out everywhere, also where it is open', async () => {
    const { auth } = of(0)
    const { viewer } = await auth.authenticate(await session())
    expect(viewer).toMatchObject({ userId: 'eve', session: 0 })
    await expect(of(1).auth.authenticate(await session(0))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(viewer && (await of(1).auth.renew(viewer))).toBeNull()
    expect(viewer && (await of(0).auth.renew(viewer))).toMatchObject({ session: 0 })
  })

  test('that began anew is taken, though the person is remembered as they were before', async () => {
    const { person, auth } = of(0)
    await auth.authenticate(await session(0))
    person.sessionGeneration = 1
    expect((await auth.authenticate(await session(1))).viewer).toMatchObject({ session: 1 })
    await expect(auth.authenticate(await session(0))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  test('is what another issuer’s claim of that name is not', async () => {
    expect((await withKey().authenticate(await jwt({ ...claims, generation: 'Z' }))).viewer).toMatchObject({
      userId: 'bob',
    })
  })
})
