import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { age, createXChatWorld, outcomes, PIN, WRONG, type XChatWorld } from './xchat-world.ts'

const DAY = 86_400_000

let world: XChatWorld
let admin: string
beforeAll(async () => {
  world = await createXChatWorld()
})
beforeEach(async () => {
  await world.renew()
  admin = await world.addAdministrator()
})
afterAll(() => world?.close())

const confirm = (pin: string, who = admin, accountId = world.accountId) => world.pins.confirm(who, accountId, pin)

/** Tries wrong PINs until none is taken; gives how many were. */
async function exhaust(who = admin, accountId = world.accountId): Promise<number> {
  for (let taken = 0; taken < 50; taken += 1) {
    if ((await confirm(WRONG, who, accountId)).outcome !== 'WRONG_PIN') return taken
  }
  throw new Error('there is no cap')
}

/** A try that is under way, or was, in a process that is gone. */
async function leaveOpen(ageMs: number, accountId = world.accountId): Promise<void> {
  await world.store.prisma.xChatPinAttempt.create({
    data: { id: randomUUID(), accountId, userId: admin, startedAt: new Date(Date.now() - ageMs) },
  })
}

describe('wrong PINs', () => {
  test('are taken five times a day for an account, whoever sends them; not even the right one after that', async () => {
    expect(await exhaust()).toBe(5)
    const other = await world.addAdministrator()
    const result = await confirm(PIN, other)
    expect(result).toMatchObject({ outcome: 'TOO_MANY_ATTEMPTS', attemptsLeft: 0, guessesLeft: 15, userErrors: [] })
    expect(world.realms.guesses).toBe(5)
    const [first] = await world.store.prisma.xChatPinAttempt.findMany({ orderBy: { startedAt: 'asc' } })
    expect(result.retryAt).toEqual(new Date((first?.startedAt.getTime() ?? 0) + DAY))
  })

  test('are taken five times a day from an administrator, at whichever account', async () => {
    const second = await world.addAccount()
    for (const accountId of [world.accountId, second, world.accountId, second, second]) {
      expect(await confirm(WRONG, admin, accountId)).toMatchObject({ outcome: 'WRONG_PIN' })
    }
    expect(await confirm(PIN, admin, second)).toMatchObject({ outcome: 'TOO_MANY_ATTEMPTS' })
    expect(await confirm(PIN, await world.addAdministrator(), second)).toMatchObject({ outcome: 'CONFIRMED' })
  })

  test('are taken ten times until one is right, and then one in 30 days', async () => {
    expect(await exhaust()).toBe(5)
    await age(world, DAY)
    expect(await exhaust()).toBe(5)
    await age(world, 29 * DAY)
    expect(await exhaust()).toBe(0)
    await age(world, DAY)
    expect(await exhaust()).toBe(1)
    expect(world.realms.left).toBe(9)
    await age(world, 30 * DAY)
    expect(await confirm(PIN)).toMatchObject({ outcome: 'CONFIRMED', attemptsLeft: 5 })
  })

  test('are not taken when the realms have five guesses left, whoever spent them', async () => {
    world.realms.left = 7
    expect(await confirm(WRONG)).toMatchObject({ guessesLeft: 6, attemptsLeft: 1 })
    expect(await confirm(WRONG)).toMatchObject({ guessesLeft: 5, attemptsLeft: 0 })
    expect(await confirm(PIN)).toMatchObject({ outcome: 'TOO_MANY_ATTEMPTS' })
    expect(world.realms.left).toBe(5)
    await age(world, 30 * DAY)
    expect(await confirm(PIN)).toMatchObject({ outcome: 'CONFIRMED' })
  })
})

describe('the caps', () => {
  test('outlive restarts', async () => {
    await exhaust()
    world.pins = await world.process()
    expect(await exhaust()).toBe(0)
    expect(world.realms.guesses).toBe(5)
  })

  test('hold when 30 wrong PINs come at once to two processes, again and again', async () => {
    const processes = [world.pins, await world.process()]
    const admins = [admin, await world.addAdministrator(), await world.addAdministrator()]
    const seen: (string | null)[] = []
    for (let round = 0; round < 8; round += 1) {
      const results = await Promise.all(
        Array.from({ length: 30 }, (_, n) => processes[n % 2]?.confirm(admins[n % 3] ?? admin, world.accountId, WRONG)),
      )
      seen.push(...results.map((result) => result?.outcome ?? null))
    }
    const count = (outcome: string) => seen.filter((each) => each === outcome).length
    expect(count('WRONG_PIN')).toBe(5)
    expect(count('IN_PROGRESS') + count('TOO_MANY_ATTEMPTS')).toBe(8 * 30 - 5)
    expect(world.realms.guesses).toBe(5)
    expect(world.realms.most).toBe(1)
  })

  test('hold when an administrator tries several accounts at once from two processes', async () => {
    const processes = [world.pins, await world.process()]
    const accounts = [world.accountId, ...(await Promise.all([1, 2, 3].map(() => world.addAccount())))]
    for (let round = 0; round < 4; round += 1) {
      await Promise.all(accounts.map((id, n) => processes[n % 2]?.confirm(admin, id, WRONG)))
    }
    expect(world.realms.guesses).toBe(5)
  })

  test('count a try whose process died, after two minutes', async () => {
    await leaveOpen(60_000)
    expect(await confirm(PIN)).toMatchObject({ outcome: 'IN_PROGRESS' })
    await age(world, 61_000)
    expect(await confirm(WRONG)).toMatchObject({ outcome: 'WRONG_PIN', attemptsLeft: 3 })
    expect(await outcomes(world)).toEqual(['UNKNOWN', 'WRONG_PIN'])
  })

  test('do not let in who was taken for dead: what it found is not kept, what it spent is known', async () => {
    const { entered, release } = world.realms.hold()
    const slow = confirm(PIN)
    await entered
    await age(world, 3 * 60_000)
    const next = await confirm(WRONG)
    release()
    expect(next).toMatchObject({ outcome: 'WRONG_PIN' })
    expect(await slow).toMatchObject({ outcome: null, userErrors: [{ code: 'CONFLICT' }] })
    expect(await outcomes(world)).toEqual(['CONFIRMED', 'WRONG_PIN'])
  })

  test('hold when realms fall silent: each time may have spent a guess', async () => {
    world.realms.answer = { outcome: 'REALMS_UNAVAILABLE', reason: 'timed out' }
    const seen: (string | null)[] = []
    for (let n = 0; n < 17; n += 1) seen.push((await confirm(PIN)).outcome)
    expect(seen.filter((outcome) => outcome === 'REALMS_UNAVAILABLE')).toHaveLength(15)
    expect(seen.slice(15)).toEqual(['TOO_MANY_ATTEMPTS', 'TOO_MANY_ATTEMPTS'])
  })

  test('are told for many accounts at once, each its own', async () => {
    const second = await world.addAccount()
    await confirm(WRONG)
    await confirm(WRONG)
    await world.pins.confirm(await world.addAdministrator(), second, WRONG)
    const asked = [second, world.accountId].map((id) => ({ id, guessesLeft: null }))
    expect(await world.pins.allowances(admin, asked)).toEqual([
      { attemptsLeft: 3, retryAt: null },
      { attemptsLeft: 3, retryAt: null },
    ])
    expect(await world.pins.allowances(await world.addAdministrator(), asked)).toEqual([
      { attemptsLeft: 4, retryAt: null },
      { attemptsLeft: 3, retryAt: null },
    ])
    expect(await world.pins.allowances(admin, [])).toEqual([])
  })
})
