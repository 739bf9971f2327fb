import type { Store } from '../store/store.ts'
import type { BulkUpdates } from './bulk-updates.ts'
import { previewBulkUpdate } from './preview.ts'
import { startBulkUpdate } from './start.ts'
import { cancelBulkUpdate, undoBulkUpdate } from './undo.ts'

/** Bulk updates over the store; what works on them runs in workers (task.ts). */
export function createBulkUpdates({
  store,
  mostTickets,
}: {
  readonly store: Store
  /** Tickets in one of them, at most. */
  readonly mostTickets: number
}): BulkUpdates {
  return {
    start: (person, request, key) => startBulkUpdate(store, mostTickets, person, request, key),
    preview: (person, request, sample) => previewBulkUpdate(store, mostTickets, person, request, sample),
    cancel: (person, jobId) => cancelBulkUpdate(store, person, jobId),
    undo: (person, jobId) => undoBulkUpdate(store, person, jobId),
  }
}
