import type { XEndpoint } from '../domain/price.ts'
import { WINDOW_MS } from '../domain/rate-window.ts'
import type { Store } from '../store/store.ts'
import { ALL, type Ended, type Ticket } from './ticket.ts'

/*
 * The usual case in one statement instead of a transaction of six, twice a call: a window that is known, has room and has
 * not ended, and an answer of that window. Whatever is not plain is left to the rules (domain/rate-window.ts).
 */

/** Lets a call in where the rules would; gives the generation of its window. Undefined: the rules are to decide. */
export async function admitQuickly(
  { prisma }: Pick<Store, 'prisma'>,
  caller: string,
  endpoint: XEndpoint,
): Promise<number | undefined> {
  const [row] = await prisma.$queryRaw<{ generation: number }[]>`
    UPDATE x_rate_limit SET in_flight = in_flight + 1, begun_at = clock_timestamp()
    WHERE caller = ${caller} AND endpoint = ${endpoint} AND answered_at IS NOT NULL AND day_limit IS NULL
      AND (call_limit IS NULL OR remaining > in_flight
        AND resets_at > clock_timestamp() AND resets_at <= clock_timestamp() + ${WINDOW_MS.short} * interval '1 millisecond')
      AND NOT EXISTS (SELECT FROM x_rate_limit a WHERE a.caller = ${ALL} AND a.endpoint = ${endpoint})
    RETURNING generation`
  return row?.generation
}

/** Accounts for a call whose answer tells nothing but how much of the same window is left. False: the rules are to decide. */
export async function concludeQuickly(
  { prisma }: Pick<Store, 'prisma'>,
  { caller, endpoint, generations }: Ticket,
  { answered, refused, said }: Ended,
): Promise<boolean> {
  if (!answered || refused || said?.day || said?.userDay || generations.size > 1) return false
  const xReset = said && Math.round(said.resetsAt.getTime() / 1000)
  const rows = await prisma.$executeRaw`
    UPDATE x_rate_limit SET remaining = least(remaining, ${said?.remaining ?? null}::int), answered_at = clock_timestamp(),
      in_flight = CASE WHEN generation = ${generations.get(caller) ?? -1}::int THEN greatest(0, in_flight - 1) ELSE in_flight END
    WHERE caller = ${caller} AND endpoint = ${endpoint} AND answered_at IS NOT NULL
      AND x_reset IS NOT DISTINCT FROM ${xReset ?? null}::bigint AND call_limit IS NOT DISTINCT FROM ${said?.limit ?? null}::int`
  return rows > 0
}
