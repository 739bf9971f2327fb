import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { pino } from 'pino'
import { openStore } from '../src/store/open.ts'
import { interleaved, table } from './stats.ts'

/*
 * The one transaction against the bare limit: the same number of rows in the same number of
 * transactions, by as many connections, without a log's order to keep.
 */

const SECONDS = 4
const WRITERS = 8
const ROUNDS = 3

/** Events per second, one and a hundred a transaction, and bare inserts beside them. */
export async function benchEventLog(databaseUrl: string, progress: (text: string) => void): Promise<string> {
  const store = await openStore({
    databaseUrl,
    bus: { ring: async () => {} },
    logger: pino({ level: 'silent' }),
    poolSize: WRITERS,
  })
  const pool = new pg.Pool({ connectionString: databaseUrl, max: WRITERS })
  await pool.query('CREATE TABLE bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, data jsonb NOT NULL)')

  const body = () => ({ type: 'account.created' as const, accountId: randomUUID() })
  const ours = (each: number) => () =>
    perSecond(each, async () => {
      await store.change({ kind: 'system', part: 'bench' }, async ({ emit }) => {
        for (let i = 0; i < each; i++) emit(body())
      })
    })
  const bare = (each: number) => () =>
    perSecond(each, async () => {
      const rows = Array.from({ length: each }, body)
      await pool.query('INSERT INTO bare (data) SELECT value FROM jsonb_array_elements($1::jsonb)', [
        JSON.stringify(rows),
      ])
    })

  const result = await interleaved(
    ROUNDS,
    {
      'one transaction, 1 event': ours(1),
      'bare INSERT, 1 row': bare(1),
      'one transaction, 100 events': ours(100),
      'bare INSERT, 100 rows': bare(100),
    },
    (name, round, value) => progress(`event log: ${name}, round ${round}/${ROUNDS}: ${Math.round(value)}/s`),
  )
  await store.close()
  await pool.end()

  const rate = (name: string) => result.get(name) ?? Number.NaN
  const row = (label: string, name: string, limit: string) => [
    label,
    `${Math.round(rate(name))}`,
    `${Math.round(rate(limit))}`,
    (rate(name) / rate(limit)).toFixed(2),
  ]
  return table(
    [`${WRITERS} writers`, 'events/s', 'bare INSERT, rows/s', 'ratio'],
    [
      row('1 event a transaction', 'one transaction, 1 event', 'bare INSERT, 1 row'),
      row('100 events a transaction', 'one transaction, 100 events', 'bare INSERT, 100 rows'),
    ],
  )
}

async function perSecond(each: number, once: () => Promise<void>): Promise<number> {
  const started = performance.now()
  let done = 0
  const writer = async () => {
    while (performance.now() - started < SECONDS * 1000) {
      await once()
      done += each
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, writer))
  return done / ((performance.now() - started) / 1000)
}
