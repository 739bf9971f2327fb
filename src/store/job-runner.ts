import { EventEmitter } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  Logger as GraphileLogger,
  parseCronItems,
  type Runner,
  run,
  type TaskList,
  type WorkerEvents,
} from 'graphile-worker'
import pg from 'pg'
import type { Logger } from 'pino'
import { startHeartbeat } from './heartbeat.ts'

/*
 * Runs the jobs that changes enqueue. At least once: a worker that dies is replaced, and what it was
 * doing is done again, so every task must bear being repeated.
 */

export type Task = (payload: unknown, signal: AbortSignal | undefined) => Promise<void>

export interface JobRunnerOptions {
  readonly databaseUrl: string
  readonly tasks: Readonly<Record<string, Task>>
  /** Task name by cron pattern (UTC), five fields. */
  readonly schedule?: Readonly<Record<string, string>>
  readonly concurrency?: number
  readonly logger: Logger
  readonly onJob?: (task: string, outcome: 'done' | 'failed', seconds: number) => void
}

export interface JobRunner {
  /** Jobs that are due and not yet taken, as of the last heartbeat. */
  waiting(): number
  close(): Promise<void>
}

const RESTART_MS = 1_000

/** Starts taking jobs. */
export async function startJobRunner(options: JobRunnerOptions): Promise<JobRunner> {
  const { databaseUrl, tasks, schedule = {}, concurrency = 4, logger, onJob } = options
  const pool = new pg.Pool({ connectionString: databaseUrl, max: concurrency + 2, application_name: 'perch jobs' })
  // A connection that is lost is replaced; without listeners it would end the process.
  const lost = (error: Error) => logger.warn({ err: error }, 'a database connection of the job runner was lost')
  pool.on('error', lost)
  pool.on('connect', (client) => client.on('error', lost))
  // graphile-worker locks jobs in the name of the pool, not of the worker in it.
  const poolIds = new Set<string>()
  const events: WorkerEvents = new EventEmitter()
  events.on('pool:create', ({ workerPool }) => void poolIds.add(workerPool.id))

  const taskList: TaskList = {}
  for (const [name, task] of Object.entries(tasks)) {
    taskList[name] = async (payload, { abortSignal }) => {
      const started = performance.now()
      const ended = (outcome: 'done' | 'failed') => onJob?.(name, outcome, (performance.now() - started) / 1000)
      try {
        await task(payload, abortSignal)
      } catch (error) {
        ended('failed')
        throw error
      }
      ended('done')
    }
  }

  const start = () =>
    run({
      pgPool: pool,
      taskList,
      events,
      noHandleSignals: true,
      // Without a batch, the failure to note a job's end is an unhandled rejection, which would end the process.
      preset: {
        worker: {
          concurrentJobs: concurrency,
          pollInterval: 1_000,
          gracefulShutdownAbortTimeout: 2_000,
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
        },
      },
      parsedCronItems: parseCronItems(Object.entries(schedule).map(([task, match]) => ({ task, match }))),
      logger: new GraphileLogger((scope) => (level, message) => {
        const line = { label: scope.label, task: scope.taskIdentifier, job: scope.jobId }
        if (level === 'error') logger.error(line, message)
        else if (level === 'warning') logger.warn(line, message)
        else logger.trace(line, message)
      }),
    })

  const stopping = new AbortController()
  const stop = (runner: Runner) =>
    runner.stop().catch((error: unknown) => logger.warn({ err: error }, 'the job runner did not stop cleanly'))
  let current: Runner | undefined = await start()
  /** The runner gives itself up when it cannot note a job's end: another takes over, and that job is done again. */
  async function keepRunning(): Promise<void> {
    for (;;) {
      const ended = [...poolIds]
      await current?.promise.catch(() => {})
      current = undefined
      if (stopping.signal.aborted) return
      for (const id of ended) poolIds.delete(id)
      logger.warn('the job runner has stopped; starting it again')
      await sleep(RESTART_MS, undefined, { signal: stopping.signal }).catch(() => {})
      if (stopping.signal.aborted) return
      try {
        current = await start()
      } catch (error) {
        logger.warn({ err: error }, 'the job runner does not start')
      }
      if (stopping.signal.aborted && current) await stop(current)
    }
  }
  const running = keepRunning()
  const heartbeat = startHeartbeat({ pool, poolIds, logger })

  return {
    waiting: heartbeat.waiting,
    async close() {
      stopping.abort()
      if (current) await stop(current)
      await running
      await heartbeat.stop()
      await pool.end()
    },
  }
}
