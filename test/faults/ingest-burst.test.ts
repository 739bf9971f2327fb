import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { expectExactly, ingestWorld } from '../helpers/ingest-world.ts'
import { spawnPerch } from '../helpers/processes.ts'

const POSTS = 10_000
/** Of a process that does everything. Three bursts peaked at 380, 371 and 406 MiB of resident memory with it. */
const HEAP_MIB = 256

/** Resident memory of a process, in MiB (Linux). */
function residentOf(pid: number | undefined): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(line?.[1]) / 1024
}

it.skipIf(process.platform !== 'linux')(
  'ten thousand posts at once are all tickets, the earliest first, in flat memory',
  async () => {
    const world = await ingestWorld()
    const { simulator, store, common } = world
    // What V8 takes of a big machine before it collects says nothing: here it has to make do with little.
    const perch = await spawnPerch({ ...common, env: { NODE_OPTIONS: `--max-old-space-size=${HEAP_MIB}` } })
    try {
      await expect.poll(() => simulator.state.streams, { timeout: 20_000 }).toBe(1)
      const all: string[] = []
      const peaks: number[] = []
      for (let round = 1; round <= 3; round++) {
        const { ids } = await simulator.burst({ count: POSTS })
        all.push(...ids)
        let peak = 0
        const watching = setInterval(() => {
          peak = Math.max(peak, residentOf(perch.child.pid))
        }, 100)
        await expect.poll(() => store.prisma.comment.count(), { timeout: 90_000, interval: 250 }).toBe(all.length)
        clearInterval(watching)
        peaks.push(peak)
      }
      await expectExactly(store, all)
      // Tickets that were opened first are seen first: the log, which subscribers follow, has the tickets' own order.
      const numbers = new Map<string, number>()
      const place = new Map(all.map((id, index) => [id, index]))
      let inTurn = 0
      const tickets = await store.prisma.ticket.findMany({
        orderBy: { number: 'asc' },
        select: { id: true, number: true, sourcePostId: true },
      })
      for (const [index, { id, number, sourcePostId }] of tickets.entries()) {
        numbers.set(id, number)
        if (Math.abs((place.get(sourcePostId ?? '') ?? -1) - index) <= 1_000) inTurn++
      }
      // The earliest posts first, but for those that a round of polling reads meanwhile: X gives the newest first.
      expect(inTurn).toBeGreaterThan(0.75 * tickets.length)
      const events = await store.prisma.event.findMany({
        where: { type: 'ticket.created' },
        orderBy: { offset: 'asc' },
        select: { ticketId: true },
      })
      const seen = events.map(({ ticketId }) => numbers.get(ticketId ?? ''))
      expect(seen).toEqual(tickets.map(({ number }) => number))
      const [first = 0, second = 0, third = 0] = peaks
      expect(third).toBeLessThan(600)
      // What a burst took is used again: something that is kept would be kept each time. (V8 collects when it likes.)
      expect(Math.min(second - first, third - second)).toBeLessThan(50)
    } finally {
      await perch.stop()
      await world.close()
    }
  },
  240_000,
)
