import { PRICES, type XEndpoint } from '../domain/price.ts'
import { WINDOW_MS } from '../domain/rate-window.ts'
import { Prisma } from '../generated/prisma/client.ts'
import type { Store } from '../store/store.ts'
import type { Charge } from './charge.ts'
import { CALL } from './spend-rows.ts'
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

/** What a call is charged, and to whom; null: nothing. */
export interface CallCharge {
  readonly charge: Charge
  readonly ownerXUserId: string | undefined
}

/**
 * Accounts for a call whose answer tells nothing but how much of the same window is left, and writes down what it is
 * charged. False: the rules are to decide about the window; they find the charge written.
 */
export async function concludeQuickly(
  { prisma }: Pick<Store, 'prisma'>,
  { caller, endpoint, generations }: Ticket,
  { answered, refused, said }: Ended,
  charged: CallCharge | null,
): Promise<boolean> {
  if (!answered || refused || said?.day || said?.userDay || generations.size > 1) return false
  const xReset = said && Math.round(said.resetsAt.getTime() / 1000)
  const spend = charged ? spendOf(charged) : Prisma.sql`WITH spent AS (SELECT)`
  // What is charged comes first, as everywhere (spend-rows.ts): whoever holds a window waits for nobody's spend.
  const rows = await prisma.$executeRaw`
    ${spend}
    UPDATE x_rate_limit SET remaining = least(remaining, ${said?.remaining ?? null}::int), answered_at = clock_timestamp(),
      in_flight = CASE WHEN generation = ${generations.get(caller) ?? -1}::int THEN greatest(0, in_flight - 1) ELSE in_flight END
    WHERE caller = ${caller} AND endpoint = ${endpoint} AND answered_at IS NOT NULL
      AND x_reset IS NOT DISTINCT FROM ${xReset ?? null}::bigint AND call_limit IS NOT DISTINCT FROM ${said?.limit ?? null}::int
      AND (SELECT count(*) FROM spent) >= 0`
  return rows > 0
}

/** `writeSpend` of one call, in the same statement. */
function spendOf({ charge, ownerXUserId }: CallCharge): Prisma.Sql {
  const { caller, kind, owned = false, resource, callId, units, ids } = charge
  const price = (of: keyof typeof PRICES) => PRICES[of].microDollars
  return Prisma.sql`
    WITH today AS (SELECT (now() AT TIME ZONE 'UTC')::date AS day),
    priced AS (
      SELECT CASE WHEN owner THEN 'OWNED_READ' ELSE ${kind} END AS kind,
        CASE WHEN owner THEN ${price('OWNED_READ')}::bigint ELSE ${price(kind)}::bigint END AS price
      FROM (SELECT ${owned} AND EXISTS (
        SELECT FROM account WHERE id::text = ${caller} AND x_user_id = ${ownerXUserId ?? null}
      ) AS owner) o
    ),
    call AS (
      INSERT INTO x_billed_resource (day, resource, id) SELECT day, ${CALL}, ${callId} FROM today
      ON CONFLICT DO NOTHING RETURNING id
    ),
    fresh AS (
      INSERT INTO x_billed_resource (day, resource, id)
      SELECT day, ${resource}, c.id FROM today, call, unnest(${[...new Set(ids)].sort()}::text[]) AS c(id)
      ON CONFLICT DO NOTHING RETURNING id
    ),
    spent AS (
      INSERT INTO x_spend AS s (caller, day, kind, calls, units, micro_dollars)
      SELECT ${caller}, day, kind, 1, n.units, n.units * price
      FROM today, call, priced, (SELECT ${units}::bigint + count(*) AS units FROM fresh) n
      ON CONFLICT (caller, day, kind) DO UPDATE SET calls = s.calls + excluded.calls, units = s.units + excluded.units,
        micro_dollars = s.micro_dollars + excluded.micro_dollars
      RETURNING 1
    )`
}
