import type { Store } from '../store/store.ts'

/** X gives a sign of life each 20 s, and it is written down within a few seconds; one may be late. */
const ALIVE_MS = 48_000

/**
 * For how many milliseconds the Activity stream has been connected, in whichever process it is; 0 when it is not, or has
 * not been heard of.
 */
export async function streamingForMs({ prisma }: Pick<Store, 'prisma'>): Promise<number> {
  const [row] = await prisma.$queryRaw<{ ms: number | null }[]>`
    SELECT (extract(epoch FROM clock_timestamp() - connected_at) * 1000)::float8 AS ms
    FROM activity_stream
    WHERE id = 1 AND alive_at > clock_timestamp() - ${ALIVE_MS} * interval '1 millisecond'`
  return Math.max(0, row?.ms ?? 0)
}
