import type { Actor, EventBody } from '../domain/event.ts'
import type { Position } from '../domain/position.ts'
import type { Prisma, PrismaClient } from '../generated/prisma/client.ts'
import type { LogReader } from '../pubsub/log-reader.ts'

/** Work to be done after the commit, by a worker process. */
export interface NewJob {
  readonly name: string
  readonly payload: unknown
  /** Jobs of one queue run one after the other. */
  readonly queue?: string
  /** A job with the same key that has not started yet is replaced. */
  readonly key?: string
  /** Milliseconds from now, by the database's clock: at once, when not given. */
  readonly inMs?: number
  /** If one with the same key waits, it keeps its own time: whoever asked for that may not wait for ours. */
  readonly keepsTime?: boolean
}

/** What a change may do. Everything said here commits together, or not at all. */
export interface ChangeScope {
  /** Prisma inside the transaction. */
  readonly db: Prisma.TransactionClient
  /** Adds an event to the log, by the change's actor unless another is named. */
  emit(body: EventBody, actor?: Actor): void
  /** Enqueues a job. */
  enqueue(job: NewJob): void
}

export interface Changed<T> {
  readonly value: T
  /** The log position that includes the change (the end of the log as it was, when nothing was emitted). */
  readonly position: Position
}

/** The one interface in front of PostgreSQL. */
export interface Store {
  /** For reads. Writes go through `change`. */
  readonly prisma: PrismaClient
  readonly log: LogReader
  /**
   * The one transaction: rows, event-log rows and jobs commit together, and the bell rings after the commit.
   * A serialization failure or deadlock runs `work` again (at most 5 times), so `work` must only touch `scope`.
   */
  change<T>(actor: Actor, work: (scope: ChangeScope) => Promise<T>): Promise<Changed<T>>
  /** Reads within one snapshot, with the position of exactly that snapshot; `mostMs` (30 s) at most. */
  snapshot<T>(read: (db: Prisma.TransactionClient) => Promise<T>, mostMs?: number): Promise<Changed<T>>
  /** Whether the database answers. */
  ping(): Promise<boolean>
  close(): Promise<void>
}
