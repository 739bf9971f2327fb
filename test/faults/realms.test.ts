import { decode } from 'cborg'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { RealmError, type Realms, startRealms } from '../../simulator/realms/index.ts'
import { commandLineOf } from '../../src/store/embedded/processes.ts'
import { giveTokens, juicebox } from '../helpers/juicebox-client.ts'
import { childrenOf, isRunning, runProgram } from '../helpers/programs.ts'

/*
 * The real SDK against three realms over real sockets. It asks the process for tokens and not the client, so these
 * tests run one after the other.
 */

const PIN = '4829'
const WRONG_PIN = '4820'
const SECRET = 'a secret of the brand'
const bytes = (text: string) => new TextEncoder().encode(text)

let realms: Realms
beforeAll(async () => {
  realms = await startRealms({ pinHashingMode: 'FastInsecure' })
})
afterAll(async () => {
  const pids = realmsUnder(process.pid)
  await realms.close()
  // Here and not in a test, which would have to start three more.
  expect(pids).toHaveLength(3)
  expect(pids.filter(isRunning)).toEqual([])
  await expect(realms.setFault(0, null)).rejects.toThrow(RealmError)
})
afterEach(async () => {
  vi.useRealTimers()
  await each((index) => realms.setFault(index, null))
})

/** Does something with each realm, all at once. */
const each = <Result>(deed: (index: 0 | 1 | 2) => Promise<Result>) => Promise.all(([0, 1, 2] as const).map(deed))
/** The realms among the processes that this process started. */
const realmsUnder = (pid: number) =>
  childrenOf(pid).filter((child) => commandLineOf(child)?.includes('simulator/realms/main'))

let lastUser = 1_000
/** A user whom no other test knows, and the SDK as it runs for them. */
function newUser({ configuration = realms.configuration, token = realms.token, pin = PIN } = {}) {
  lastUser += 1
  const id = String(lastUser)
  const client = async () => {
    giveTokens((realmId) => token(realmId, id))
    const { Client, Configuration } = await juicebox()
    return new Client(new Configuration(configuration), [])
  }
  return {
    id,
    register: async (own = pin, guesses = 20) =>
      (await client()).register(bytes(own), bytes(SECRET), bytes(id), guesses),
    delete: async () => (await client()).delete(),
    /** The secret, or why there is none. */
    async recover(guess = pin) {
      const { RecoverError, RecoverErrorReason } = await juicebox()
      try {
        return new TextDecoder().decode(await (await client()).recover(bytes(guess), bytes(id)))
      } catch (error) {
        if (!(error instanceof RecoverError)) throw error
        const { reason, guesses_remaining: left } = error
        return left === undefined ? RecoverErrorReason[reason] : `${RecoverErrorReason[reason]}, ${left} left`
      }
    },
    used: async () => (await realms.guesses(id)).map(({ used }) => used),
  }
}

async function registered() {
  const user = newUser()
  await user.register()
  return user
}

describe('three realms', () => {
  test('are two with a Noise key and one without, of which two recover', () => {
    const configuration = JSON.parse(realms.configuration)
    expect(configuration).toMatchObject({ register_threshold: 3, recover_threshold: 2 })
    expect(configuration.realms.map((realm: object) => 'public_key' in realm)).toEqual([true, true, false])
    expect(realms.realms.map(({ publicKey }) => publicKey?.length)).toEqual([64, 64, undefined])
  })

  test('keep a secret and give it back for the right PIN', async () => {
    const user = await registered()
    expect(await user.recover()).toBe(SECRET)
    expect(await user.used()).toEqual([0, 0, 0])
  })

  test('keep it as well when the PIN is hashed as X has it hashed', async () => {
    const configuration = realms.configuration.replace('FastInsecure', 'Standard2019')
    const user = newUser({ configuration })
    await user.register()
    expect(await user.recover()).toBe(SECRET)
  })

  test('count a wrong PIN at each realm, until the right one comes', async () => {
    const user = await registered()
    expect(await user.recover(WRONG_PIN)).toBe('InvalidPin, 19 left')
    expect(await user.recover(WRONG_PIN)).toBe('InvalidPin, 18 left')
    expect(await user.used()).toEqual([2, 2, 2])
    expect(await user.recover()).toBe(SECRET)
    expect(await user.used()).toEqual([0, 0, 0])
  })

  test('count every one of the wrong PINs that come at once', async () => {
    const user = await registered()
    await Promise.all(Array.from({ length: 6 }, () => user.recover(WRONG_PIN)))
    expect(await user.used()).toEqual([6, 6, 6])
  })

  test('know nobody who has not registered, or who has deleted', async () => {
    const user = newUser()
    expect(await user.recover()).toBe('NotRegistered')
    await user.register()
    await user.delete()
    expect(await user.recover()).toBe('NotRegistered')
  })

  test('forget the old PIN when a new one is registered', async () => {
    const user = await registered()
    await user.register('9051')
    expect(await user.recover(PIN)).toBe('InvalidPin, 19 left')
    expect(await user.recover('9051')).toBe(SECRET)
  })

  test('give as many guesses as the client asks for, and never more than 20', async () => {
    const [careful, greedy] = [newUser(), newUser()]
    await careful.register(PIN, 3)
    await greedy.register(PIN, 100)
    expect((await realms.guesses(careful.id)).map(({ max }) => max)).toEqual([3, 3, 3])
    expect((await realms.guesses(greedy.id)).map(({ max }) => max)).toEqual([20, 20, 20])
  })
})

describe('a user without guesses', () => {
  test('is locked out after 20 wrong PINs, with the right PIN too, until a new registration', async () => {
    const user = await registered()
    for (let left = 19; left >= 0; left -= 1) expect(await user.recover(WRONG_PIN)).toBe(`InvalidPin, ${left} left`)
    expect(await user.recover()).toBe('InvalidPin, 0 left')
    expect(await realms.guesses(user.id)).toEqual(Array(3).fill({ used: 20, max: 20 }))
    await user.register()
    expect(await user.recover()).toBe(SECRET)
  })

  test('can be had at once, at a realm that is down too', async () => {
    const [user, other] = [await registered(), await registered()]
    await realms.setFault(0, 'down')
    await realms.exhaust(user.id)
    await realms.setFault(0, null)
    expect(await user.used()).toEqual([20, 20, 20])
    expect(await user.recover()).toBe('InvalidPin, 0 left')
    expect(await other.recover()).toBe(SECRET)
  })
})

describe('a realm that fails', () => {
  test('is not missed when it is down; two are, and they come back with their records', async () => {
    const user = await registered()
    await user.recover(WRONG_PIN)
    await realms.setFault(1, 'down')
    await expect(fetch(realms.realms[1]?.address ?? '')).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
    expect(await user.recover(WRONG_PIN)).toBe('InvalidPin, 18 left')
    await realms.setFault(2, 'down')
    expect(await user.recover()).toBe('Transient')
    await each((index) => realms.setFault(index, null))
    expect(await user.used()).toEqual([2, 1, 2])
    expect(await user.recover()).toBe(SECRET)
    expect(await user.used()).toEqual([0, 0, 0])
  })

  test('comes back after it was killed by somebody else', async () => {
    const user = await registered()
    const [pid = 0, ...others] = realmsUnder(process.pid)
    expect(others).toHaveLength(2)
    process.kill(pid, 'SIGKILL')
    // Until its end is noticed, it refuses.
    await each((index) => vi.waitFor(() => realms.setFault(index, null), 5_000))
    expect(realmsUnder(process.pid)).toHaveLength(3)
    expect(await user.recover()).toBe(SECRET)
  })

  test.each([
    ['upgrade-required', 'UpgradeRequired'],
    ['rate-limited', 'RateLimitExceeded'],
    ['unavailable', 'Transient'],
  ] as const)('answers %s, which the SDK calls %s once two do', async (fault, reason) => {
    const user = await registered()
    await realms.setFault(0, fault)
    expect(await user.recover()).toBe(SECRET)
    await realms.setFault(2, fault)
    expect(await user.recover()).toBe(reason)
    await realms.setFault(0, null)
    expect(await user.recover()).toBe(SECRET)
  })

  test('leaves a request without an answer while it hangs, and cuts it off when it is well again', async () => {
    const user = await registered()
    await realms.setFault(0, 'hang')
    const recovering = user.recover()
    const outcome = await Promise.race([recovering, fetchUntil(300)])
    expect(outcome).toBe('TimeoutError')
    await realms.setFault(0, null)
    // The SDK takes the broken connection for a transient error and tries again.
    expect(await recovering).toBe(SECRET)
  })

  /** What becomes of a request of our own to the realm that hangs. */
  const fetchUntil = (ms: number) =>
    fetch(realms.realms[0]?.address ?? '', { signal: AbortSignal.timeout(ms) }).then(
      ({ status }) => status,
      (error: Error) => error.name,
    )
})

describe('a token', () => {
  const tamper = (token: string) => token.replace(/\.[^.]+$/, '.AAAA')
  const otherRealm = (realmId: string, userId: string) => {
    const other = realms.realms.find(({ id }) => id !== realmId)?.id ?? ''
    return realms.token(other, userId)
  }
  const expired = (realmId: string, userId: string) => {
    vi.useFakeTimers({ now: Date.now() - 11 * 60_000, toFake: ['Date'] })
    const token = realms.token(realmId, userId)
    vi.useRealTimers()
    return token
  }

  test.each([
    ['is no token', () => 'nonsense'],
    ['has another signature', (realmId: string, userId: string) => tamper(realms.token(realmId, userId))],
    ['is for another realm', otherRealm],
    ['has expired', expired],
  ])('that %s is refused by every kind of realm', async (_, token) => {
    const configuration = JSON.parse(realms.configuration)
    for (const realm of configuration.realms) {
      const alone = { ...configuration, realms: [realm], register_threshold: 1, recover_threshold: 1 }
      const user = newUser({ token, configuration: JSON.stringify(alone) })
      expect(await user.recover()).toBe('InvalidAuth')
    }
  })

  test('opens the record of its own user only', async () => {
    const user = await registered()
    const thief = newUser({ token: (realmId) => realms.token(realmId, 'somebody else') })
    expect(await thief.recover()).toBe('NotRegistered')
    expect(await user.recover()).toBe(SECRET)
  })

  test('is not to be had for a realm that is not ours', () => {
    expect(() => realms.token('00'.repeat(16), '1001')).toThrow(RealmError)
  })
})

describe('what a realm cannot read', () => {
  const post = async (index: number, body: Uint8Array<ArrayBuffer> | string, headers: Record<string, string> = {}) => {
    const { id = '', address = '' } = realms.realms[index] ?? {}
    const response = await fetch(`${address}req`, {
      method: 'POST',
      body,
      headers: { 'x-juicebox-version': '0.3.7', authorization: `Bearer ${realms.token(id, '1')}`, ...headers },
    })
    return { status: response.status, body: new Uint8Array(await response.arrayBuffer()) }
  }

  test('is refused: by the software realm with 400, by the hardware realms with a message', async () => {
    expect(await post(2, 'not CBOR')).toMatchObject({ status: 400 })
    expect(await post(2, Uint8Array.of(0x61, 0x78))).toMatchObject({ status: 400 })
    const { status, body } = await post(0, 'not CBOR')
    expect([status, decode(body)]).toEqual([200, 'DecodingError'])
  })

  test.each([
    ['an SDK that is too old', '', { 'x-juicebox-version': '0.1.9' }, 426],
    ['an SDK that does not say its version', '', { 'x-juicebox-version': '' }, 426],
    ['a body that is too long', 'x'.repeat(2_049), {}, 413],
  ])('is refused too when it is %s', async (_, body, headers, status) => {
    expect(await post(0, body, headers)).toMatchObject({ status })
    expect(await post(2, body, headers)).toMatchObject({ status })
  })
})

describe('the processes', () => {
  test('end with a parent that is killed', async () => {
    const parent = runProgram('realms-process')
    let pids: number[] = []
    try {
      expect(await parent.said).toMatchObject({ pin_hashing_mode: 'Standard2019' })
      pids = realmsUnder(parent.pid)
      expect(pids).toHaveLength(3)
      parent.child.kill('SIGKILL')
      await expect.poll(() => pids.filter(isRunning), { timeout: 5_000 }).toEqual([])
    } finally {
      parent.child.kill('SIGKILL')
      for (const pid of pids.filter(isRunning)) process.kill(pid, 'SIGKILL')
    }
  })
})
