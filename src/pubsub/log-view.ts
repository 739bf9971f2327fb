import type { EventBatch, LogEvent } from '../domain/event.ts'
import type { Position } from '../domain/position.ts'
import type { Doorbell } from './bus.ts'
import { EarlyBells, type FullBell, firstOf } from './early-bells.ts'
import type { LogHead } from './log-reader.ts'
import { Tail } from './tail.ts'

/** The most events that a reader is handed at once; a slow consumer holds no more than this. */
export const MAX_BATCH = 500

/** Batches kept for the readers that come next; live readers all ask for the same one. */
const MAX_SHARED_BATCHES = 64

/**
 * What a bell did: told nothing new, brought events, came before its predecessor (which is probably under way), or
 * told of events that only the log has.
 */
export type Heard = 'past' | 'advanced' | 'early' | 'behind'

/**
 * What this process knows of the log. Synchronous and without I/O: whatever happens between two reads of the log
 * leaves it consistent. Invariants: everything up to `head` is committed, and `head` moves only forward
 * within a generation. The generation changes when offsets handed out before mean nothing any more.
 */
export class LogView {
  readonly #tailSize: number
  readonly #early = new EarlyBells()
  #epoch: string
  #floor: number
  #tail: Tail
  #generation = 0
  #shared = new Map<number, EventBatch>()

  constructor(first: LogHead, tailSize: number) {
    this.#tailSize = tailSize
    this.#epoch = first.epoch
    this.#floor = first.floor
    this.#tail = new Tail(tailSize, first.head)
  }

  get epoch(): string {
    return this.#epoch
  }
  get head(): number {
    return this.#tail.head
  }
  get floor(): number {
    return this.#floor
  }
  get generation(): number {
    return this.#generation
  }

  position(): Position {
    return { epoch: this.#epoch, offset: this.head }
  }

  /**
   * A bell of another epoch counts as past: it may come from another deployment on the same Redis, and a real change
   * of epoch is found by the next poll.
   */
  hear(bell: Doorbell): Heard {
    if (bell.epoch !== this.#epoch || bell.head <= this.head) return 'past'
    if (!carriesEvents(bell)) return 'behind'
    if (firstOf(bell) > this.head + 1) {
      this.#early.add(bell)
      return 'early'
    }
    const before = this.head
    this.append(bell.events)
    return this.head > before ? 'advanced' : 'behind'
  }

  /** Whether an early bell still waits for its predecessor. */
  hasHole(): boolean {
    return this.#early.waiting
  }

  /** Takes those of `events` that are new, up to the first hole, and then early bells that fit. */
  append(events: readonly LogEvent[]): void {
    const before = this.head
    this.#push(events)
    for (let bell = this.#early.next(this.head); bell; bell = this.#early.next(this.head)) this.#push(bell.events)
    if (this.head !== before) this.#shared.clear()
  }

  #push(events: readonly LogEvent[]): void {
    for (const event of events) if (event.offset > this.head && !this.#tail.push(event)) return
  }

  /** Goes forward without the events between. */
  skipTo(offset: number): void {
    this.#tail.skipTo(offset)
    this.#shared.clear()
  }

  /**
   * Takes in an answer of the log. `known` is `head` as it was when the log was asked: an answer below it means that
   * the log has lost events without a new epoch (a restore that nobody announced), which is as bad as a new one.
   * True when anything but the head changed.
   */
  observe(seen: LogHead, known: number): boolean {
    if (seen.epoch !== this.#epoch || seen.head < known) {
      this.#epoch = seen.epoch
      this.#floor = seen.floor
      this.#tail = new Tail(this.#tailSize, seen.head)
      this.#generation += 1
      this.#early.clear()
      this.#shared.clear()
      return true
    }
    if (seen.floor <= this.#floor) return false
    this.#floor = seen.floor
    if (seen.floor > this.head) this.skipTo(seen.floor)
    return true
  }

  /** The events after `after` from memory, the same object for all who ask alike; undefined when only the log has them. */
  batch(after: number): EventBatch | undefined {
    const shared = this.#shared.get(after)
    if (shared) return shared
    const events = this.#tail.take(after, MAX_BATCH)
    if (!events || events.length === 0) return undefined
    const batch: EventBatch = { epoch: this.#epoch, events }
    if (this.#shared.size < MAX_SHARED_BATCHES) this.#shared.set(after, batch)
    return batch
  }
}

function carriesEvents(bell: Doorbell): bell is FullBell {
  return bell.events !== undefined && bell.events.length > 0
}
