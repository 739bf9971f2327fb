import { type BulkReplies, createBulkReplies } from '../../src/outbound/bulk-replies.ts'
import type { Store } from '../../src/store/store.ts'
import { createTicketLinks } from '../../src/tickets/ticket-links.ts'
import { silent } from './stores.ts'

/** Answers of bulk updates as a self-serve app gives them. */
export function bulkReplies(store: Store): BulkReplies {
  const links = createTicketLinks({ store, base: () => 'https://perch.example.com', logger: silent })
  return createBulkReplies({ selfServe: true, links })
}
