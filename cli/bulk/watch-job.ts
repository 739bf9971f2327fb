import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'graphql-ws'
import { z } from 'zod'
import type { Api } from '../api.ts'
import { followLog, PositionExpired } from '../follow-log.ts'
import { type Begun, isOver, type Job, progress, readJob } from './jobs.ts'

const PAUSE_MS = 1_000

const payload = z.object({ bulkUpdateProgress: progress.extend({ position: z.string() }) })
const PROGRESS = `subscription ($jobId: ID!, $after: Position) {
  bulkUpdateProgress(jobId: $jobId, after: $after) { position status total done failed ratePerSecond etaSeconds }
}`

/** Watches a bulk update to its end, whatever becomes of the connection. Throws CommandError. */
export async function watchJob(
  api: Api,
  client: () => Client,
  begun: Begun,
  onProgress: (job: Job) => void,
): Promise<Job> {
  let { job, position } = begun
  onProgress(job)
  while (!isOver(job)) {
    try {
      await followLog(client(), {
        query: PROGRESS,
        variables: { jobId: job.id },
        after: position,
        take: (data) => {
          const { position: place, ...state } = payload.parse(data).bulkUpdateProgress
          position = place
          job = { ...job, ...state }
          onProgress(job)
          return { position, last: isOver(job) }
        },
      })
    } catch (error) {
      if (!(error instanceof PositionExpired)) throw error
      ;({ job, position } = await readJob(api, job.id))
      onProgress(job)
    }
    // A server that ends it before the end will do so again at once.
    if (!isOver(job)) await sleep(PAUSE_MS)
  }
  return job
}
