import PQueue from 'p-queue'
import type { BulkUpdates } from './bulk-updates.ts'
import { previewBulkUpdate } from './preview.ts'
import { type BulkServices, startBulkUpdate } from './start.ts'
import { cancelBulkUpdate, undoBulkUpdate } from './undo.ts'

/** Each holds a connection of the pool and a snapshot for as long as it takes, and the process has other things to do. */
const PREVIEWS_AT_ONCE = 2

/** Bulk updates over the store; what works on them runs in workers (task.ts). */
export function createBulkUpdates(services: BulkServices): BulkUpdates {
  const { store } = services
  const previews = new PQueue({ concurrency: PREVIEWS_AT_ONCE })
  return {
    start: (person, request, key) => startBulkUpdate(services, person, request, key),
    preview: (person, request, sample) => previews.add(() => previewBulkUpdate(services, person, request, sample)),
    cancel: (person, jobId) => cancelBulkUpdate(store, person, jobId),
    undo: (person, jobId) => undoBulkUpdate(store, person, jobId),
  }
}
