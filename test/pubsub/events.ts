import type { LogEvent } from '../../src/domain/event.ts'
import type { Bus, Doorbell } from '../../src/pubsub/bus.ts'

/** An event of the log whose content says nothing but its place. */
export function eventAt(offset: number, padding = 0): LogEvent {
  return {
    offset,
    at: '2026-11-01T12:00:00.000Z',
    actor: { kind: 'system', part: 'test' },
    body: {
      type: 'account.updated',
      accountId: `account-${offset}`,
      changed: padding ? ['x'.repeat(padding)] : ['name'],
    },
  }
}

/** The events with `after < offset <= head`. */
export function eventsBetween(after: number, head: number, padding = 0): LogEvent[] {
  return Array.from({ length: head - after }, (_, i) => eventAt(after + 1 + i, padding))
}

/** A bell that brings the events after `after`. */
export function fullBell(after: number, head: number, epoch = 'e1'): Doorbell {
  return { epoch, head, events: eventsBetween(after, head) }
}

/** Everything that a bus delivers from now on, and a way to wait for the n-th. */
export function earOn(bus: Bus) {
  const bells: Doorbell[] = []
  let check = () => {}
  const unlisten = bus.listen((bell) => {
    bells.push(bell)
    check()
  })
  return {
    bells,
    unlisten,
    heads: () => bells.map((bell) => bell.head),
    /** Resolves when `count` bells have been heard in all. */
    async heard(count: number): Promise<void> {
      if (bells.length >= count) return
      await new Promise<void>((resolve) => {
        check = () => bells.length >= count && resolve()
      })
    },
  }
}
