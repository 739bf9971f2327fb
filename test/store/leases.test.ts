import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createLeases } from '../../src/store/leases.ts'
import type { Store } from '../../src/store/store.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { silent, testStore } from '../helpers/stores.ts'
import { startProxy, type TcpProxy } from '../helpers/tcp-proxy.ts'

/** What a busy machine needs. */
const BUSY = { timeout: 10_000 }

describe.concurrent('a lease', () => {
  let database: TestDatabase
  let store: Store
  const leases = () => createLeases(store.prisma, silent)

  beforeAll(async () => {
    database = await testDatabase()
    // Room for all of them at once: a renewal that waits for its turn is a lease that is lost.
    store = await testStore(database.url, { poolSize: 12 })
  })
  afterAll(async () => {
    await store?.close()
    await database?.drop()
  })

  it('has one holder at a time among three, and each has its turn when the one before returns', async () => {
    const stop = new AbortController()
    let holding = 0
    const most: number[] = []
    const turns: number[] = []
    await Promise.all(
      [0, 1, 2].map((process) =>
        leases().hold('one at a time', stop.signal, async () => {
          most.push(++holding)
          turns.push(process)
          await new Promise((resolve) => setTimeout(resolve, 50))
          holding--
        }),
      ),
    )
    expect(most).toEqual([1, 1, 1])
    expect(turns.sort()).toEqual([0, 1, 2])
    expect(await store.prisma.lease.count({ where: { name: 'one at a time' } })).toBe(0)
  })

  it('is given back at once when its holder is told to stop', async () => {
    const stop = new AbortController()
    let held: AbortSignal | undefined
    const holding = leases().hold('stopped', stop.signal, async (signal) => {
      held = signal
      await ended(signal)
    })
    await vi.waitFor(() => expect(held).toBeDefined(), BUSY)
    stop.abort()
    await holding
    expect(held?.aborted).toBe(true)
    expect(await store.prisma.lease.count({ where: { name: 'stopped' } })).toBe(0)
  })

  it('is kept for as long as the work takes, longer than it lasts unrenewed', async () => {
    const stop = new AbortController()
    let intruded = false
    let aborted: boolean | undefined
    const holding = leases().hold('renewed', stop.signal, async (signal) => {
      await new Promise((resolve) => setTimeout(resolve, 7_500))
      aborted = signal.aborted
      stop.abort()
    })
    await vi.waitFor(async () => expect(await store.prisma.lease.count({ where: { name: 'renewed' } })).toBe(1), BUSY)
    await Promise.all([
      holding,
      leases().hold('renewed', stop.signal, async () => {
        intruded = true
      }),
    ])
    expect([aborted, intruded]).toEqual([false, false])
  })

  it('of a holder that is cut off aborts its signal before another takes over, within 10 s', async () => {
    const target = new URL(database.url)
    const proxy: TcpProxy = await startProxy(target.hostname, Number(target.port || 5432))
    const through = new URL(database.url)
    through.host = `127.0.0.1:${proxy.port}`
    const remote = await testStore(through.href)
    const stop = new AbortController()
    const order: string[] = []
    const first = createLeases(remote.prisma, silent).hold('cut off', stop.signal, async (signal) => {
      order.push('first holds')
      await ended(signal)
      order.push('first let go')
    })
    await vi.waitFor(() => expect(order).toEqual(['first holds']), BUSY)
    const cut = performance.now()
    const second = leases().hold('cut off', stop.signal, async (signal) => {
      order.push('second holds')
      await ended(signal)
    })
    await proxy.cut()
    await vi.waitFor(() => expect(order).toEqual(['first holds', 'first let go', 'second holds']), {
      timeout: 12_000,
      interval: 20,
    })
    expect(performance.now() - cut).toBeLessThan(10_000)
    stop.abort()
    await Promise.all([first, second])
    await remote.close()
    await proxy.close()
  })

  it('of a holder whose network swallows everything is lost all the same, before another takes over', async ({
    expect,
  }) => {
    const target = new URL(database.url)
    const proxy: TcpProxy = await startProxy(target.hostname, Number(target.port || 5432))
    const through = new URL(database.url)
    through.host = `127.0.0.1:${proxy.port}`
    const remote = await testStore(through.href)
    const stop = new AbortController()
    const order: string[] = []
    const first = createLeases(remote.prisma, silent).hold('stalled', stop.signal, async (signal) => {
      order.push('first holds')
      await ended(signal)
      order.push('first let go')
    })
    await expect.poll(() => order).toEqual(['first holds'])
    proxy.stall()
    const second = leases().hold('stalled', stop.signal, async (signal) => {
      order.push('second holds')
      await ended(signal)
    })
    await expect
      .poll(() => order, { timeout: 10_000, interval: 20 })
      .toEqual(['first holds', 'first let go', 'second holds'])
    stop.abort()
    await proxy.close()
    await Promise.all([first, second])
    await remote.close()
  })

  it('has one holder at a time also within a process', async ({ expect }) => {
    const stop = new AbortController()
    const one = leases()
    let holding = 0
    let most = 0
    const hold = () =>
      one.hold('same process', stop.signal, async () => {
        most = Math.max(most, ++holding)
        await new Promise((resolve) => setTimeout(resolve, 100))
        holding--
      })
    await Promise.all([hold(), hold()])
    expect(most).toBe(1)
  })

  it('that somebody else took over aborts the work of the one who had it', async () => {
    const stop = new AbortController()
    let held: AbortSignal | undefined
    const holding = leases().hold('taken', stop.signal, async (signal) => {
      held = signal
      await ended(signal)
    })
    await vi.waitFor(() => expect(held).toBeDefined(), BUSY)
    await store.prisma.lease.update({
      where: { name: 'taken' },
      data: { holder: 'somebody else', expiresAt: new Date(Date.now() + 60_000) },
    })
    await vi.waitFor(() => expect(held?.aborted).toBe(true), { timeout: 3_000 })
    stop.abort()
    await holding
    expect(await store.prisma.lease.findUnique({ where: { name: 'taken' } })).toMatchObject({ holder: 'somebody else' })
  })

  it('of a holder that died before the database’s clock went back is taken over within 10 s', async ({ expect }) => {
    const expiresAt = new Date(Date.now() + 3600_000)
    await store.prisma.lease.create({ data: { name: 'future', holder: 'dead', expiresAt } })
    const begun = performance.now()
    let took = 0
    await leases().hold('future', new AbortController().signal, async () => {
      took = performance.now() - begun
    })
    expect(took).toBeGreaterThan(5_900)
    expect(took).toBeLessThan(10_000)
  })

  it('of a holder that lives is not taken over, however the database’s clock jumps', async ({ expect }) => {
    const stop = new AbortController()
    let aborted: boolean | undefined
    let intruded = false
    const holding = leases().hold('jumps', stop.signal, async (signal) => {
      await new Promise((resolve) => setTimeout(resolve, 9_000))
      aborted = signal.aborted
      stop.abort()
    })
    await expect.poll(() => store.prisma.lease.count({ where: { name: 'jumps' } })).toBe(1)
    const other = leases().hold('jumps', stop.signal, async () => {
      intruded = true
    })
    // As each renewal would be written by a clock that is about to go back.
    while (!stop.signal.aborted) {
      await store.prisma.$executeRaw`
        UPDATE lease SET expires_at = expires_at + interval '1 hour'
        WHERE name = 'jumps' AND expires_at < clock_timestamp() + interval '10 minutes'`
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    await Promise.all([holding, other])
    expect([aborted, intruded]).toEqual([false, false])
  })

  it.each([
    ['ahead', -3_600_000],
    ['back', 3_600_000],
  ])('of a living holder has one holder soon after the database’s clock was set %s an hour', async (way, by) => {
    const name = `set ${way}`
    const stop = new AbortController()
    let holding = 0
    const work = async (signal: AbortSignal) => {
      holding++
      await ended(signal)
      holding--
    }
    const first = leases().hold(name, stop.signal, work)
    await vi.waitFor(() => expect(holding).toBe(1), BUSY)
    await store.prisma.lease.update({ where: { name }, data: { expiresAt: new Date(Date.now() + by) } })
    const second = leases().hold(name, stop.signal, work)
    // The one who had it finds out at its next renewal.
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    expect(holding).toBe(1)
    stop.abort()
    await Promise.all([first, second])
  })

  it('runs work that failed again', async () => {
    let runs = 0
    await leases().hold('failing', new AbortController().signal, async () => {
      if (++runs === 1) throw new Error('failed')
    })
    expect(runs).toBe(2)
  })
})

function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
