import { costOf, type SpendKind } from '../domain/price.ts'
import type { Prisma } from '../generated/prisma/client.ts'
import { json } from '../store/json-parameter.ts'
import type { Charge } from './charge.ts'
import { APP } from './ticket.ts'

/*
 * Today's rows (UTC, by the database's clock). `x_billed_resource` knows what was charged already: X's things, by X's ids,
 * and calls, by ours.
 */

/** Calls among the things that were charged. */
export const CALL = 'call'

interface Line {
  readonly caller: string
  readonly kind: SpendKind
  readonly resource: string | null
  readonly ids: string[]
  calls: number
  units: number
}

/** Adds charges, in a transaction. Gives the accounts they were added to. */
export async function writeSpend(
  db: Prisma.TransactionClient,
  charges: readonly Charge[],
  ownerXUserId: string | undefined,
): Promise<readonly string[]> {
  const accounts = await db.account.findMany({ select: { id: true, xUserId: true } })
  const byXUser = new Map(accounts.map(({ id, xUserId }) => [xUserId, id]))
  const owner = ownerXUserId === undefined ? undefined : byXUser.get(ownerXUserId)
  const fresh = await newCalls(
    db,
    charges.flatMap(({ callId }) => callId ?? []),
  )
  const lines = new Map<string, Line>()
  for (const charge of charges) {
    if (charge.callId !== undefined && !fresh.has(charge.callId)) continue
    const caller = charge.caller ?? byXUser.get(charge.xUserId ?? '') ?? APP
    const kind = charge.owned && caller === owner ? 'OWNED_READ' : charge.kind
    const key = `${caller}/${kind}`
    const line = lines.get(key) ?? { caller, kind, resource: charge.resource, ids: [], calls: 0, units: 0 }
    line.calls += charge.callId === undefined ? 0 : 1
    line.units += charge.units
    line.ids.push(...charge.ids)
    lines.set(key, line)
  }
  // In one order for all, so that no two transactions wait for each other's ids.
  const ordered = [...lines.values()].sort((a, b) => (a.kind + a.caller < b.kind + b.caller ? -1 : 1))
  for (const line of ordered) line.units += await newToday(db, line)
  await addLines(db, ordered)
  const known = new Set(accounts.map(({ id }) => id))
  return [...new Set(ordered.map(({ caller }) => caller))].filter((caller) => known.has(caller))
}

/** Those that were not written yet; tried again after midnight, they are none the newer. */
async function newCalls(db: Prisma.TransactionClient, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set()
  const rows = await db.$queryRaw<{ id: string }[]>`
    INSERT INTO x_billed_resource (day, resource, id)
    SELECT (now() AT TIME ZONE 'UTC')::date, ${CALL}, c.id FROM unnest(${ids.toSorted()}::text[]) AS c(id)
    WHERE NOT EXISTS (
      SELECT FROM x_billed_resource b
      WHERE b.day = (now() AT TIME ZONE 'UTC')::date - 1 AND b.resource = ${CALL} AND b.id = c.id)
    ON CONFLICT DO NOTHING RETURNING id`
  return new Set(rows.map(({ id }) => id))
}

/** How many of the things X has not charged for today. */
async function newToday(db: Prisma.TransactionClient, { resource, ids }: Line): Promise<number> {
  if (resource === null || ids.length === 0) return 0
  return db.$executeRaw`
    INSERT INTO x_billed_resource (day, resource, id)
    SELECT (now() AT TIME ZONE 'UTC')::date, ${resource}, id FROM unnest(${[...new Set(ids)].sort()}::text[]) AS id
    ON CONFLICT DO NOTHING`
}

async function addLines(db: Prisma.TransactionClient, lines: readonly Line[]): Promise<void> {
  const rows = lines.map(({ caller, kind, calls, units }) => ({
    caller,
    kind,
    calls,
    units,
    micro_dollars: costOf(kind, units).toString(),
  }))
  await db.$executeRaw`
    INSERT INTO x_spend AS s (caller, day, kind, calls, units, micro_dollars)
    SELECT r.caller, (now() AT TIME ZONE 'UTC')::date, r.kind, r.calls, r.units, r.micro_dollars
    FROM jsonb_to_recordset(${json(rows)}::jsonb)
      AS r(caller text, kind text, calls bigint, units bigint, micro_dollars bigint)
    ORDER BY r.caller, r.kind
    ON CONFLICT (caller, day, kind) DO UPDATE SET calls = s.calls + excluded.calls, units = s.units + excluded.units,
      micro_dollars = s.micro_dollars + excluded.micro_dollars`
}
