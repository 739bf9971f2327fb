import { describe, expect, it } from 'vitest'
import { alive, cleanUpAfterStarts, dataDir, exit, start, ticketCount } from '../helpers/npm-start.ts'

cleanUpAfterStarts()

describe('npm start', () => {
  it('keeps the data when all of it was SIGKILLed', async () => {
    const dir = dataDir('killed')
    const first = await start(dir)
    const before = await ticketCount(first)
    for (const pid of first.tree()) process.kill(pid, 'SIGKILL')
    await exit(first.child)
    const second = await start(dir)
    expect(await ticketCount(second)).toBeGreaterThan(before)
    const rest = second.tree()
    second.child.kill('SIGTERM')
    expect(await exit(second.child)).toBe(0)
    expect(alive(rest)).toEqual([])
  }, 90_000)

  it('ends the X simulator and frees the data when only the program itself was SIGKILLed', async () => {
    const dir = dataDir('orphaned')
    const first = await start(dir)
    first.child.kill('SIGKILL')
    await exit(first.child)
    const second = await start(dir)
    expect(await ticketCount(second)).toBeGreaterThan(0)
    const tree = second.tree()
    second.child.kill('SIGINT')
    await exit(second.child)
    expect(alive(tree)).toEqual([])
  }, 60_000)
})
