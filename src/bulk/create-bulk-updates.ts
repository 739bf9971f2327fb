import type { BulkUpdates } from './bulk-updates.ts'
import { previewBulkUpdate } from './preview.ts'
import { type BulkServices, startBulkUpdate } from './start.ts'
import { cancelBulkUpdate, undoBulkUpdate } from './undo.ts'

/** Bulk updates over the store; what works on them runs in workers (task.ts). */
export function createBulkUpdates(services: BulkServices): BulkUpdates {
  const { store } = services
  return {
    start: (person, request, key) => startBulkUpdate(services, person, request, key),
    preview: (person, request, sample) => previewBulkUpdate(services, person, request, sample),
    cancel: (person, jobId) => cancelBulkUpdate(store, person, jobId),
    undo: (person, jobId) => undoBulkUpdate(store, person, jobId),
  }
}
