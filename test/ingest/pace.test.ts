import { describe, expect, it } from 'vitest'
import type { BudgetLeft, WindowLeft } from '../../src/domain/pacing.ts'
import { untilDue } from '../../src/ingest/pace.ts'

/** Waits for nobody, but says for how long; `left` is what there is at each look, the last from then on. */
async function waits(
  left: readonly { windows?: readonly WindowLeft[]; budget?: BudgetLeft }[],
  { last, abortAfter = Infinity }: { last?: number; abortAfter?: number } = {},
) {
  const stop = new AbortController()
  const waited: number[] = []
  let looks = 0
  const calls = {
    left: async () => {
      const { windows = [], budget = null } = left[Math.min(looks++, left.length - 1)] ?? {}
      return { windows, budget }
    },
  }
  const source = { calls, accountId: 'a', endpoint: 'GET /2/users/:id/mentions', intervalMs: () => 15_000 } as const
  await untilDue(source, last, stop.signal, async (ms) => {
    waited.push(Math.round(ms))
    if (waited.length >= abortAfter) stop.abort()
  })
  return { waited, looks }
}

const spent: BudgetLeft = { state: 'EXHAUSTED', usedShare: 1, monthEndsInMs: 20 * 86_400_000 }

describe('a round of polling', () => {
  it('begins at once when it is the first', async () => {
    expect(await waits([{}])).toEqual({ waited: [], looks: 1 })
  })

  it('waits for the end of a window, a minute at a time, and looks again', async () => {
    const used = { windows: [{ remaining: 0, endsInMs: 150_000 }] }
    const soon = { windows: [{ remaining: 0, endsInMs: 500 }] }
    expect(await waits([used, used, soon, {}])).toEqual({ waited: [60_000, 60_000, 500], looks: 4 })
  })

  it('does not begin while the budget is spent, and does within a minute once there is more', async () => {
    expect(await waits([{ budget: spent }, { budget: spent }, {}])).toEqual({ waited: [60_000, 60_000], looks: 3 })
  })

  it('waits no longer when the program stops', async () => {
    expect(await waits([{ budget: spent }], { abortAfter: 2 })).toEqual({ waited: [60_000, 60_000], looks: 2 })
  })
})
