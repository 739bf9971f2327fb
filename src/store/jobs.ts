import type { Prisma } from '../generated/prisma/client.ts'
import { json } from './json-parameter.ts'
import type { NewJob } from './store.ts'

/** Enqueues jobs inside the transaction: a job exists exactly if the change it belongs to was committed. */
export async function addJobs(db: Prisma.TransactionClient, jobs: readonly NewJob[]): Promise<void> {
  if (jobs.length === 0) return
  const rows = jobs.map(({ name, payload, queue = null, key = null, inMs = null, keepsTime = false }) => ({
    name,
    payload,
    queue,
    key,
    inMs,
    mode: keepsTime ? 'preserve_run_at' : 'replace',
  }))
  await db.$executeRaw`
    SELECT graphile_worker.add_job(
      j.row->>'name', (j.row->'payload')::json, queue_name => j.row->>'queue',
      run_at => now() + (j.row->>'inMs')::float8 * interval '1 millisecond', job_key => j.row->>'key', job_key_mode => j.row->>'mode')
    FROM jsonb_array_elements(${json(rows)}::jsonb) AS j(row)`
}
