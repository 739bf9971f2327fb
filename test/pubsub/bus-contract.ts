import { afterEach, describe, expect, it } from 'vitest'
import type { Bus } from '../../src/pubsub/bus.ts'
import { earOn, eventsBetween, fullBell } from './events.ts'

/** Opens the bus as one more process of the same deployment would. */
export type OpenBus = () => Bus

/** What every bus keeps to. `deployment` gives the opener of a fresh deployment. */
export function describeBus(name: string, deployment: () => OpenBus): void {
  describe(`${name} keeps to the contract of a bus`, () => {
    const opened: Bus[] = []
    const open = async (openBus: OpenBus) => {
      const bus = openBus()
      opened.push(bus)
      await bus.ready()
      return bus
    }
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((bus) => bus.close()))
    })

    it('delivers a bell to the process that rang it and to the others, events included', async () => {
      const openBus = deployment()
      const [one, other] = [await open(openBus), await open(openBus)]
      const [own, far] = [earOn(one), earOn(other)]
      const bell = fullBell(4, 7)
      await one.ring(bell)
      await Promise.all([own.heard(1), far.heard(1)])
      expect(own.bells).toEqual([bell])
      expect(far.bells).toEqual([bell])
    })

    it('delivers a bell without events as it is', async () => {
      const bus = await open(deployment())
      const ear = earOn(bus)
      await bus.ring({ epoch: 'e1', head: 12 })
      await ear.heard(1)
      expect(ear.bells).toEqual([{ epoch: 'e1', head: 12 }])
    })

    it('keeps the order of the bells of one process, awaited or not', async () => {
      const openBus = deployment()
      const [one, other] = [await open(openBus), await open(openBus)]
      const far = earOn(other)
      const heads = Array.from({ length: 500 }, (_, i) => i + 1)
      await Promise.all(heads.map((head) => one.ring(fullBell(head - 1, head))))
      await far.heard(heads.length)
      expect(far.heads()).toEqual(heads)
    })

    it('calls each of many listeners once a bell', async () => {
      const bus = await open(deployment())
      const ears = Array.from({ length: 200 }, () => earOn(bus))
      await bus.ring(fullBell(0, 1))
      await bus.ring(fullBell(1, 2))
      await Promise.all(ears.map((ear) => ear.heard(2)))
      for (const ear of ears) expect(ear.heads()).toEqual([1, 2])
    })

    it('stops calling a listener that was removed, and no other', async () => {
      const bus = await open(deployment())
      const [gone, stays] = [earOn(bus), earOn(bus)]
      await bus.ring(fullBell(0, 1))
      await Promise.all([gone.heard(1), stays.heard(1)])
      gone.unlisten()
      gone.unlisten()
      await bus.ring(fullBell(1, 2))
      await stays.heard(2)
      expect(gone.heads()).toEqual([1])
    })

    it('delivers to the others although one listener throws', async () => {
      const bus = await open(deployment())
      bus.listen(() => {
        throw new Error('a broken listener')
      })
      const ear = earOn(bus)
      await bus.ring(fullBell(0, 1))
      await ear.heard(1)
      expect(ear.heads()).toEqual([1])
    })

    it('tells of the head of a change that is too big, at least', async () => {
      const openBus = deployment()
      const [one, other] = [await open(openBus), await open(openBus)]
      const far = earOn(other)
      await one.ring({ epoch: 'e1', head: 20_000, events: eventsBetween(0, 20_000) })
      await far.heard(1)
      expect(far.heads()).toEqual([20_000])
    })

    it('is healthy while open, and after close neither healthy, nor ready, nor heard; ringing it is harmless', async () => {
      const openBus = deployment()
      const [one, other] = [await open(openBus), await open(openBus)]
      const ear = earOn(one)
      expect(one.healthy()).toBe(true)
      await one.close()
      await one.close()
      expect(one.healthy()).toBe(false)
      await expect(one.ready()).rejects.toThrow(/closed/)
      await one.ring(fullBell(0, 1))
      await other.ring(fullBell(1, 2))
      expect(ear.bells).toEqual([])
    })
  })
}
