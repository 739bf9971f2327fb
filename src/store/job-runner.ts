import { EventEmitter } from 'node:events'
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

/** Starts taking jobs. */
export async function startJobRunner(options: JobRunnerOptions): Promise<JobRunner> {
  const { databaseUrl, tasks, schedule = {}, concurrency = 4, logger, onJob } = options
  const pool = new pg.Pool({ connectionString: databaseUrl, max: concurrency + 2, application_name: 'perch jobs' })
  // A connection that is lost is replaced; without listeners it would end the process.
  const lost = (error: Error) => logger.warn({ err: error }, 'a database connection of the job runner was lost')
  pool.on('error', lost)
  pool.on('connect', (client) => client.on('error', lost))
  const workerIds = new Set<string>()
  const events: WorkerEvents = new EventEmitter()
  events.on('worker:create', ({ worker }) => void workerIds.add(worker.workerId))
  events.on('worker:stop', ({ worker }) => void workerIds.delete(worker.workerId))

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

  const runner: Runner = await run({
    pgPool: pool,
    taskList,
    events,
    concurrency,
    noHandleSignals: true,
    pollInterval: 1_000,
    gracefulShutdownAbortTimeout: 2_000,
    parsedCronItems: parseCronItems(Object.entries(schedule).map(([task, match]) => ({ task, match }))),
    logger: new GraphileLogger((scope) => (level, message) => {
      const line = { label: scope.label, task: scope.taskIdentifier, job: scope.jobId }
      if (level === 'error') logger.error(line, message)
      else if (level === 'warning') logger.warn(line, message)
      else logger.trace(line, message)
    }),
  })
  const heartbeat = startHeartbeat({ pool, workerIds, logger })

  return {
    waiting: heartbeat.waiting,
    async close() {
      await runner.stop().catch((error: unknown) => logger.warn({ err: error }, 'the job runner did not stop cleanly'))
      await heartbeat.stop()
      await pool.end()
    },
  }
}
