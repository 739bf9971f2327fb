import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeDoorbell, encodeDoorbell, MAX_DOORBELL_BYTES } from '../../src/pubsub/doorbell.ts'
import { eventAt, eventsBetween, fullBell } from './events.ts'

describe('a doorbell on the wire', () => {
  it('comes out as it went in', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 64 }),
        fc.nat(1_000_000),
        fc.nat(50),
        fc.string({ unit: 'grapheme' }),
        (epoch, after, count, text) => {
          const events = eventsBetween(after, after + count).map((event) => ({
            ...event,
            actor: { kind: 'system' as const, part: text },
          }))
          const bell = count === 0 ? { epoch, head: after } : { epoch, head: after + count, events }
          expect(decodeDoorbell(encodeDoorbell(bell))).toEqual(bell)
        },
      ),
    )
  })

  it('says its version', () => {
    expect(JSON.parse(encodeDoorbell({ epoch: 'e1', head: 3 }))).toEqual({ v: 1, epoch: 'e1', head: 3 })
  })

  it('never exceeds 256 KiB, counted in bytes', () => {
    const around = [1, 2, 4].flatMap((bytes) => {
      const letter = { 1: 'x', 2: 'é', 4: '🐦' }[bytes] ?? ''
      return [-400, -300, -200, 0, 200].map((extra) => letter.repeat((MAX_DOORBELL_BYTES + extra) / bytes))
    })
    const sizes = around.map((text) => {
      const event = { ...eventAt(1), actor: { kind: 'system' as const, part: text } }
      const wire = encodeDoorbell({ epoch: 'e1', head: 1, events: [event] })
      expect(decodeDoorbell(wire)).toMatchObject({ epoch: 'e1', head: 1 })
      return Buffer.byteLength(wire)
    })
    expect(Math.max(...sizes)).toBeLessThanOrEqual(MAX_DOORBELL_BYTES)
    expect(sizes.some((size) => size > MAX_DOORBELL_BYTES / 2)).toBe(true)
    expect(sizes.some((size) => size < 100)).toBe(true)
  })

  it.each([
    ['a hole among the events', { ...fullBell(0, 3), events: [eventAt(1), eventAt(3)] }],
    ['events that do not end at the head', { ...fullBell(0, 3), head: 4 }],
    ['an empty epoch', { ...fullBell(0, 3), epoch: '' }],
    ['an event of an unknown type', { ...fullBell(0, 1), events: [{ ...eventAt(1), body: { type: 'moon.rises' } }] }],
    ['a head that is no integer', { epoch: 'e1', head: 1.5 }],
  ])('with %s is none', (_what, bell) => {
    expect(decodeDoorbell(JSON.stringify({ v: 1, ...bell }))).toBeUndefined()
  })

  it('is read from any text without throwing', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => decodeDoorbell(text) === undefined))
  })
})
