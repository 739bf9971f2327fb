import type { Store } from '../store/store.ts'

/** X gives a sign of life each 20 s, and it is written down within a few seconds; one may be late. */
const ALIVE_MS = 48_000

/** Whether the Activity stream is connected and heard of, in whichever process it is. */
export async function isStreamAlive({ prisma }: Pick<Store, 'prisma'>): Promise<boolean> {
  const [row] = await prisma.$queryRaw<{ alive: boolean | null }[]>`
    SELECT connected_at IS NOT NULL AND alive_at > clock_timestamp() - ${ALIVE_MS} * interval '1 millisecond' AS alive
    FROM activity_stream WHERE id = 1`
  return row?.alive === true
}
