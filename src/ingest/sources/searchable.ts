import { timeOfId } from '../../domain/x-id.ts'

const WEEK_MS = 7 * 24 * 3600_000

/**
 * A `since_id` for X's recent search, which refuses one that its seven days do not reach: undefined then. An hour's margin
 * for clocks that differ.
 */
export function searchable(sinceId: string): string | undefined {
  return timeOfId(sinceId) > Date.now() - WEEK_MS + 3600_000 ? sinceId : undefined
}
