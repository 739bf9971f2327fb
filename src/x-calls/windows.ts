import { billingOf, type XEndpoint } from '../domain/price.ts'
import { type RateState, type RateWindow, type Reservation, reserve, settle, WINDOW_MS } from '../domain/rate-window.ts'
import { Prisma } from '../generated/prisma/client.ts'
import type { Store } from '../store/store.ts'
import type { RateLimit, RateWindow as SaidWindow } from '../x/client.ts'
import { admitQuickly, type CallCharge, concludeQuickly } from './quick-windows.ts'
import { writeSpend } from './spend-rows.ts'
import { ALL, APP, type Ended, type Ticket } from './ticket.ts'

/*
 * The table `x_rate_limit`: a row for each caller at each endpoint, locked while a call is let in or accounted for, so
 * that all processes count together. Times in it are the database's; what X says is taken as "so long from now".
 */

export type Admission = { readonly kind: 'GO'; readonly ticket: Ticket } | Exclude<Reservation, { readonly kind: 'GO' }>

/** Lets a call in, or says how long nothing is left. */
export async function admit(store: Pick<Store, 'prisma'>, who: string, endpoint: XEndpoint): Promise<Admission> {
  const caller = countsAs(who, endpoint)
  const generation = await admitQuickly(store, caller, endpoint)
  if (generation !== undefined) {
    return { kind: 'GO', ticket: { caller, endpoint, generations: new Map([[caller, generation]]) } }
  }
  return store.prisma.$transaction(async (db): Promise<Admission> => {
    const reservations = (await lock(db, caller, endpoint)).map(([row, state]) => [row, reserve(state)] as const)
    const [longest] = reservations
      .flatMap(([, reservation]) => (reservation.kind === 'WAIT' ? [reservation] : []))
      .sort((a, b) => b.ms - a.ms)
    if (longest) return longest
    const generations = new Map<string, number>()
    for (const [row, reservation] of reservations) {
      // Of the two rows only the caller's own can say so, and it comes first: nothing is written yet.
      if (reservation.kind !== 'GO') return { kind: 'ASK_AGAIN' }
      await write(db, row, endpoint, reservation.state)
      generations.set(row, reservation.state.generation)
    }
    return { kind: 'GO', ticket: { caller, endpoint, generations } }
  })
}

/** Accounts for a call that was let in, and writes down what it is charged: a process that is killed then owes nothing. */
export async function conclude(
  store: Pick<Store, 'prisma'>,
  ticket: Ticket,
  ended: Ended,
  charged: CallCharge | null,
): Promise<void> {
  const { caller, endpoint, generations } = ticket
  const { said, refused } = ended
  if (await concludeQuickly(store, ticket, ended, charged)) return
  const inOwn = said && { short: left(said, said, 'short'), day: said.userDay && left(said.userDay, said, 'day') }
  const inAll = said?.day && left(said.day, said, 'day')
  await store.prisma.$transaction(async (db) => {
    if (charged) await writeSpend(db, [charged.charge], charged.ownerXUserId)
    if (inAll && !generations.has(ALL)) await make(db, ALL, endpoint)
    for (const [row, state] of await lock(db, caller, endpoint)) {
      const seen =
        row === ALL ? { day: inAll, refused: false } : { ...inOwn, refused: refused && inAll?.remaining !== 0 }
      await write(db, row, endpoint, settle(state, generations.get(row) ?? -1, ended.answered ? seen : undefined))
    }
  })
}

/** What is known of the windows that a call would use up; calls under way count as made. */
export async function windowsOf(store: Pick<Store, 'prisma'>, who: string, endpoint: XEndpoint): Promise<RateWindow[]> {
  const rows = await read(store.prisma, countsAs(who, endpoint), endpoint)
  return rows.flatMap(([, { short, day, inFlight }]) =>
    [short, day].flatMap((window) =>
      window === null ? [] : [{ ...window, remaining: Math.max(0, window.remaining - inFlight) }],
    ),
  )
}

function countsAs(who: string, endpoint: XEndpoint): string {
  return billingOf(endpoint).shared ? APP : who
}

/** X's time of a window's end, as time from now: by X's own clock, or by ours where X does not say what time it is. */
function left({ limit, remaining, resetsAt }: SaidWindow, { asOf }: RateLimit, lasts: keyof typeof WINDOW_MS) {
  const endsInMs = resetsAt.getTime() - (asOf?.getTime() ?? Date.now())
  return {
    limit,
    remaining,
    xReset: Math.round(resetsAt.getTime() / 1000),
    endsInMs: Math.min(endsInMs, WINDOW_MS[lasts]),
  }
}

async function make(db: Prisma.TransactionClient, caller: string, endpoint: XEndpoint): Promise<void> {
  await db.$executeRaw`INSERT INTO x_rate_limit (caller, endpoint) VALUES (${caller}, ${endpoint}) ON CONFLICT DO NOTHING`
}

/** The caller's own row, which is made, and then the one of all, if there is one: always in this order. */
async function lock(db: Prisma.TransactionClient, caller: string, endpoint: XEndpoint) {
  await make(db, caller, endpoint)
  return read(db, caller, endpoint, Prisma.sql`FOR UPDATE`)
}

interface Row {
  readonly caller: string
  readonly call_limit: number | null
  readonly remaining: number | null
  readonly x_reset: bigint | null
  readonly ends_in_ms: number | null
  readonly day_limit: number | null
  readonly day_remaining: number | null
  readonly day_x_reset: bigint | null
  readonly day_ends_in_ms: number | null
  readonly in_flight: number
  readonly generation: number
  readonly begun_ago_ms: number | null
  readonly answered: boolean
}

async function read(
  db: Pick<Prisma.TransactionClient, '$queryRaw'>,
  caller: string,
  endpoint: XEndpoint,
  locking = Prisma.empty,
): Promise<(readonly [caller: string, state: RateState])[]> {
  const rows = await db.$queryRaw<Row[]>`
    SELECT caller, call_limit, remaining, x_reset,
      (extract(epoch FROM resets_at - clock_timestamp()) * 1000)::float8 AS ends_in_ms,
      day_limit, day_remaining, day_x_reset,
      (extract(epoch FROM day_resets_at - clock_timestamp()) * 1000)::float8 AS day_ends_in_ms,
      in_flight, generation, (extract(epoch FROM clock_timestamp() - begun_at) * 1000)::float8 AS begun_ago_ms,
      answered_at IS NOT NULL AS answered
    FROM x_rate_limit WHERE caller IN (${caller}, ${ALL}) AND endpoint = ${endpoint}
    ORDER BY caller = ${ALL} ${locking}`
  return rows.map((row) => [row.caller, toState(row)] as const)
}

function toState(row: Row): RateState {
  return {
    short: toWindow(row.call_limit, row.remaining, row.x_reset, row.ends_in_ms),
    day: toWindow(row.day_limit, row.day_remaining, row.day_x_reset, row.day_ends_in_ms),
    inFlight: row.in_flight,
    generation: row.generation,
    answered: row.answered,
    begunAgoMs: row.begun_ago_ms,
  }
}

function toWindow(limit: number | null, remaining: number | null, xReset: bigint | null, endsInMs: number | null) {
  if (limit === null || remaining === null || xReset === null || endsInMs === null) return null
  return { limit, remaining, xReset: Number(xReset), endsInMs }
}

async function write(db: Prisma.TransactionClient, caller: string, endpoint: XEndpoint, state: RateState) {
  const { short, day, inFlight, generation, answered, begunAgoMs } = state
  await db.$executeRaw`
    UPDATE x_rate_limit SET
      call_limit = ${short?.limit ?? null}, remaining = ${short?.remaining ?? null}, x_reset = ${short?.xReset ?? null},
      resets_at = clock_timestamp() + ${short?.endsInMs ?? null}::float8 * interval '1 millisecond',
      day_limit = ${day?.limit ?? null}, day_remaining = ${day?.remaining ?? null}, day_x_reset = ${day?.xReset ?? null},
      day_resets_at = clock_timestamp() + ${day?.endsInMs ?? null}::float8 * interval '1 millisecond',
      in_flight = ${inFlight}, generation = ${generation},
      begun_at = CASE WHEN ${begunAgoMs === 0} THEN clock_timestamp() ELSE begun_at END,
      answered_at = CASE WHEN ${answered} THEN clock_timestamp() ELSE answered_at END
    WHERE caller = ${caller} AND endpoint = ${endpoint}`
}
