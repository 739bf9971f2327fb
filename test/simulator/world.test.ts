import { describe, expect, test } from 'vitest'
import { BRAND, createSimulator, type Simulator } from '../../simulator/index.ts'
import { parseReplay } from '../../simulator/world/replay.ts'

/** A clock that goes on by a second at every look. */
function logicalClock(): () => Date {
  let time = Date.parse('2026-11-23T10:00:00Z')
  return () => {
    time += 1_000
    return new Date(time)
  }
}

async function withSimulator<T>(seed: number, use: (simulator: Simulator) => T | Promise<T>): Promise<T> {
  const simulator = await createSimulator({ seed, clock: logicalClock() })
  try {
    return await use(simulator)
  } finally {
    await simulator.close()
  }
}

describe('the seeded world', () => {
  const history = (simulator: Simulator) => async () => {
    simulator.createUser({ username: 'ann' })
    await simulator.burst({ count: 20 })
    const { id } = simulator.createPost({ from: 'ann', text: 'Hello @acme' })
    simulator.createPost({ from: 'acme', text: 'Hello', inReplyTo: id })
    return { users: simulator.users(), posts: simulator.posts(), tokens: simulator.issueTokens({ userId: 'acme' }) }
  }

  test('is the same for the same seed and calls: ids, texts, people, tokens', async () => {
    const one = await withSimulator(7, (simulator) => history(simulator)())
    const other = await withSimulator(7, (simulator) => history(simulator)())
    expect(other).toEqual(one)
  })

  test('is another one for another seed, but with the same brand', async () => {
    const one = await withSimulator(7, (simulator) => history(simulator)())
    const other = await withSimulator(8, (simulator) => history(simulator)())
    expect(other.users.map(({ username }) => username)).not.toEqual(one.users.map(({ username }) => username))
    expect(other.posts.map(({ text }) => text)).not.toEqual(one.posts.map(({ text }) => text))
    for (const { users } of [one, other]) expect(users[0]).toMatchObject({ id: BRAND.id, username: 'acme' })
  })

  test('is the same again after a reset', async () => {
    await withSimulator(3, async (simulator) => {
      const names = simulator.users().map(({ username }) => username)
      await history(simulator)()
      simulator.reset()
      expect(simulator.posts()).toEqual([])
      expect(simulator.users().map(({ username }) => username)).toEqual(names)
    })
  })

  test('has forty customers with names and numbers of their own', async () => {
    await withSimulator(1, (simulator) => {
      const customers = simulator.users().slice(1)
      expect(customers).toHaveLength(40)
      expect(new Set(customers.map(({ username }) => username.toLowerCase())).size).toBe(40)
      for (const { username } of customers) expect(username).toMatch(/^\w{1,15}$/)
      expect(new Set(customers.map(({ followers }) => followers)).size).toBeGreaterThan(30)
      expect(customers.some(({ verifiedType }) => verifiedType !== 'none')).toBe(true)
    })
  })

  test('gives ids that grow with time, also when the clock stands still or goes back', async () => {
    let now = new Date('2026-11-23T10:00:00Z')
    const simulator = await createSimulator({ clock: () => now })
    const { ids } = await simulator.burst({ count: 499 })
    now = new Date('2026-11-23T09:00:00Z')
    ids.push(...(await simulator.burst({ count: 1 })).ids)
    await simulator.close()
    expect(ids.map(BigInt)).toEqual(ids.map(BigInt).sort((a, b) => (a < b ? -1 : 1)))
    expect(new Set(ids).size).toBe(500)
  })
})

describe('traffic', () => {
  test('is customers who name the brand, and threads that go on', async () => {
    const simulator = await createSimulator({ seed: 5 })
    simulator.setTraffic({ perMinute: 60_000 })
    await expect.poll(() => simulator.state.posts, { timeout: 10_000 }).toBeGreaterThan(150)
    simulator.setTraffic({ perMinute: 0 })
    const posts = simulator.posts(1_000)
    await simulator.close()
    const openings = posts.filter(({ inReplyTo }) => inReplyTo === null)
    for (const { typed } of openings) expect(typed).toMatch(/@acme|^Acme Support: /)
    expect(openings.every(({ from }) => from !== 'acme')).toBe(true)
    expect(posts.length - openings.length).toBeGreaterThan(20)
    expect(new Set(openings.map(({ typed }) => typed)).size).toBeGreaterThan(openings.length * 0.9)
    for (const { typed } of posts) expect(typed).not.toMatch(/[{}]/)
  })

  test('is now and then a direct message, and praise that the brand likes', async () => {
    const simulator = await createSimulator({ seed: 5 })
    const { access_token } = simulator.issueTokens({ userId: 'acme' })
    simulator.setTraffic({ perMinute: 60_000 })
    const count = async (path: string) => {
      const response = await fetch(simulator.url + path, { headers: { authorization: `Bearer ${access_token}` } })
      return ((await response.json()) as { meta: { result_count: number } }).meta.result_count
    }
    await expect.poll(() => simulator.state.posts, { timeout: 10_000 }).toBeGreaterThan(100)
    simulator.setTraffic({ perMinute: 0 })
    const praised = simulator.posts(1_000).filter(({ typed }) => !typed.includes('@') && /^Acme Support: /.test(typed))
    expect(praised.length).toBeGreaterThan(0)
    expect(await count(`/2/users/${BRAND.id}/liked_tweets`)).toBe(praised.length)
    expect(await count('/2/dm_events?event_types=MessageCreate')).toBeGreaterThan(praised.length / 2)
    await simulator.close()
  })

  test('says the same things in the same order for the same seed', async () => {
    const texts = async () => {
      const simulator = await createSimulator({ seed: 5 })
      simulator.setTraffic({ perMinute: 60_000 })
      await expect.poll(() => simulator.state.posts).toBeGreaterThan(30)
      simulator.setTraffic({ perMinute: 0 })
      const said = simulator.posts(1_000).toReversed().slice(0, 30)
      await simulator.close()
      return said.map(({ from, typed }) => `${from}: ${typed}`)
    }
    expect(await texts()).toEqual(await texts())
  })
})

describe('a burst', () => {
  test('can be spread over time', async () => {
    await withSimulator(1, async (simulator) => {
      const begun = performance.now()
      const { ids } = await simulator.burst({ count: 20, perSecond: 200, text: '@acme number {n}' })
      const took = performance.now() - begun
      expect(ids).toHaveLength(20)
      expect(took).toBeGreaterThan(80)
      expect(simulator.posts(1)[0]?.typed).toBe('@acme number 20')
    })
  })
})

describe('a replay', () => {
  const FILE = [
    '{"from":"acme","text":"We are open","at":"2026-01-01T10:00:00Z"}',
    '',
    '{"from":"@newcomer","text":"Really?","at":"2026-01-01T10:00:01Z","inReplyTo":0}',
    '{"from":"newcomer","text":"Hello @acme & all"}',
  ].join('\n')

  test('makes the posts in order, with authors that nobody knew', async () => {
    await withSimulator(1, async (simulator) => {
      const ids = await simulator.replay(parseReplay(FILE))
      const posts = simulator.posts().toReversed()
      expect(posts.map(({ id }) => id)).toEqual(ids)
      expect(posts).toMatchObject([
        { from: 'acme', text: 'We are open' },
        { from: 'newcomer', text: '@acme Really?', inReplyTo: ids[0] },
        { from: 'newcomer', text: 'Hello @acme &amp; all', inReplyTo: null },
      ])
    })
  })

  test('keeps the file’s pace, faster or slower', async () => {
    await withSimulator(1, async (simulator) => {
      const begun = performance.now()
      await simulator.replay(parseReplay(FILE), { speed: 20 })
      expect(performance.now() - begun).toBeGreaterThan(90)
    })
  })

  test('ends when the simulator does', async () => {
    const simulator = await createSimulator()
    const replay = simulator.replay(parseReplay(FILE), { speed: 0.001 })
    await expect.poll(() => simulator.state.posts).toBe(1)
    await simulator.close()
    expect(await replay).toHaveLength(1)
  })

  test.each([
    ['{"from":"a"', 'line 2 is not JSON: {"from":"a"'],
    ['{"from":"a"}', 'line 2: "text": '],
    ['{"from":"a b","text":"x"}', 'line 2: "from": a username of 1 to 15 letters, digits or _'],
    ['{"from":"a","text":"x","at":"noon"}', 'line 2: "at": '],
    ['{"from":"a","text":"x","inReplyTo":1}', 'line 2: "inReplyTo": 1 is not the index of an earlier post'],
    ['{"from":"a","text":"x","colour":"red"}', 'line 2: Unrecognized key'],
  ])('refuses %s and names the line', (line, message) => {
    expect(() => parseReplay(`{"from":"a","text":"x"}\n${line}`)).toThrow(message)
  })
})
