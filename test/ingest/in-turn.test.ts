import { describe, expect, it } from 'vitest'
import { inTurn } from '../../src/ingest/in-turn.ts'

/** Work whose runs end when the test says so. */
function scripted() {
  const runs: { resolve: () => void; reject: (error: Error) => void }[] = []
  let running = 0
  let most = 0
  const ask = inTurn(() => {
    most = Math.max(most, ++running)
    return new Promise<void>((resolve, reject) => {
      runs.push({ resolve, reject })
    }).finally(() => {
      running--
    })
  })
  return { ask, runs, most: () => most }
}
const settle = () => new Promise((resolve) => setImmediate(resolve))

describe('work in turn', () => {
  it('is done once more for all who asked while it was being done, and by one at a time', async () => {
    const { ask, runs, most } = scripted()
    const first = ask()
    const later = [ask(), ask(), ask()]
    expect(runs).toHaveLength(1)
    runs[0]?.resolve()
    await first
    await settle()
    expect(runs).toHaveLength(2)
    // Who asks now knows more than the second run does.
    const last = ask()
    runs[1]?.resolve()
    await Promise.all(later)
    await settle()
    runs[2]?.resolve()
    await last
    expect([runs.length, most()]).toEqual([3, 1])
  })

  it('that fails fails for those who asked for it, and goes on for the others', async () => {
    const { ask, runs } = scripted()
    const first = ask()
    const second = ask()
    runs[0]?.reject(new Error('no'))
    await expect(first).rejects.toThrow('no')
    await settle()
    runs[1]?.resolve()
    await second
    const third = ask()
    runs[2]?.resolve()
    await third
    expect(runs).toHaveLength(3)
  })
})
