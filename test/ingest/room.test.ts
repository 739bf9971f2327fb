import { describe, expect, it } from 'vitest'
import { createRoom } from '../../src/ingest/room.ts'

const settle = () => new Promise((resolve) => setImmediate(resolve))

describe('room', () => {
  it('is there until the most is under way, and again as soon as something has ended', async () => {
    const { room, during } = createRoom(2, new AbortController().signal)
    const ends: (() => void)[] = []
    const work = () => during(new Promise<void>((resolve) => ends.push(resolve)))
    await room()
    const first = work()
    await room()
    work()
    let found = 0
    const waiting = [room(), room()].map((asked) => asked.then(() => found++))
    await settle()
    expect(found).toBe(0)
    ends[0]?.()
    await first
    await Promise.all(waiting)
    expect(found).toBe(2)
  })

  it('is there again when what was under way has failed', async () => {
    const { room, during } = createRoom(1, new AbortController().signal)
    await expect(during(Promise.reject(new Error('no')))).rejects.toThrow('no')
    await room()
  })

  it('keeps nobody waiting beyond the signal', async () => {
    const stop = new AbortController()
    const { room, during } = createRoom(1, stop.signal)
    void during(new Promise(() => {}))
    const waiting = room()
    stop.abort()
    await waiting
    await room()
  })
})
