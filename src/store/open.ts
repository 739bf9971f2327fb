import type { Actor } from '../domain/event.ts'
import { endOf } from '../domain/event.ts'
import { Prisma } from '../generated/prisma/client.ts'
import type { Bus } from '../pubsub/bus.ts'
import { type ConnectOptions, connectTo } from './connect.ts'
import { append, createLogReader, readHead, renewEpoch, type Unlogged } from './event-log.ts'
import { addJobs } from './jobs.ts'
import { StartupError } from './startup-error.ts'
import type { Changed, ChangeScope, NewJob, Store } from './store.ts'
import { isTransient } from './transient.ts'

export interface StoreOptions extends Omit<ConnectOptions, 'timeoutMs'> {
  /** Rung after every commit that appended events. */
  readonly bus: Pick<Bus, 'ring'>
  /** Called with the number of events of every commit (for the metrics). */
  readonly onAppend?: (events: number) => void
}

const ATTEMPTS = 5
const TIMEOUTS = { maxWait: 10_000, timeout: 30_000 }

/** Opens the store on a migrated database. Throws StartupError when the database cannot be used. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { bus, logger } = options
  const prisma = connectTo(options)
  try {
    if (await renewEpoch(prisma)) logger.info('the event log starts a new epoch on this database')
  } catch (cause) {
    await prisma.$disconnect()
    throw new StartupError(`The database cannot be used: ${firstLine(cause)}`, { cause })
  }

  async function attempt<T>(actor: Actor, work: (scope: ChangeScope) => Promise<T>) {
    return prisma.$transaction(async (db) => {
      const unlogged: Unlogged[] = []
      const jobs: NewJob[] = []
      const value = await work({
        db,
        emit: (body, by = actor) => void unlogged.push({ actor: by, body }),
        enqueue: (job) => void jobs.push(job),
      })
      await addJobs(db, jobs)
      if (unlogged.length > 0) return { value, batch: await append(db, unlogged) }
      const head = await readHead(db)
      return { value, position: { epoch: head.epoch, offset: head.head } }
    }, TIMEOUTS)
  }

  return {
    prisma,
    log: createLogReader(prisma, logger),

    async change<T>(actor: Actor, work: (scope: ChangeScope) => Promise<T>): Promise<Changed<T>> {
      for (let tries = 1; ; tries++) {
        try {
          const done = await attempt(actor, work)
          if (done.batch === undefined) return { value: done.value, position: done.position }
          const position = endOf(done.batch)
          options.onAppend?.(done.batch.events.length)
          // The change is committed whatever becomes of the bell, and the caller need not wait for it.
          bus
            .ring({ epoch: done.batch.epoch, head: position.offset, events: done.batch.events })
            .catch((error: unknown) => logger.warn({ err: error }, 'the bus could not be rung'))
          return { value: done.value, position }
        } catch (error) {
          if (tries >= ATTEMPTS || !isTransient(error)) throw error
          // Whoever lost a deadlock waits a moment of its own, so that the same two do not meet again.
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * tries))
        }
      }
    },

    async snapshot<T>(
      read: (db: Prisma.TransactionClient) => Promise<T>,
      timeout: number = TIMEOUTS.timeout,
    ): Promise<Changed<T>> {
      return prisma.$transaction(
        async (db) => {
          const head = await readHead(db)
          return { value: await read(db), position: { epoch: head.epoch, offset: head.head } }
        },
        { ...TIMEOUTS, timeout, isolationLevel: Prisma.TransactionIsolationLevel.RepeatableRead },
      )
    },

    async ping() {
      try {
        await prisma.$queryRaw`SELECT 1`
        return true
      } catch {
        return false
      }
    },

    close: () => prisma.$disconnect(),
  }
}

function firstLine(error: unknown): string {
  const lines = (error instanceof Error ? error.message : String(error))
    .split('\n')
    .filter((line) => line.trim() !== '')
  return (lines.at(-1) ?? 'unknown reason').trim()
}
