import { PrismaPg } from '@prisma/adapter-pg'
import {
  ColumnTypeEnum,
  type SqlMigrationAwareDriverAdapterFactory as Factory,
  type SqlDriverAdapter,
} from '@prisma/driver-adapter-utils'
import type pg from 'pg'

/*
 * PrismaPg serves Prisma's client well; the schema engine asks more of it. Two things are mended here:
 * - it splits a script at every semicolon, those inside function bodies and strings included;
 * - it refuses columns of PostgreSQL's internal type "char", which the catalogs are full of.
 */

/** The internal type "char" (pg_type.oid), of which PrismaPg knows nothing, and text. */
const CHAR = 18
const TEXT = 25
/** Marks a column that passes for text on its way through PrismaPg. No column name can contain it. */
const MARK = '\0char:'

/** The pool as PrismaPg shall see it: no column is of the type "char". */
const withoutChar = (pool: pg.Pool): pg.Pool =>
  new Proxy(pool, {
    get(target, key, self) {
      if (key !== 'query') return Reflect.get(target, key, self)
      return async (query: pg.QueryConfig) => {
        const result = await target.query(query)
        for (const field of result.fields ?? []) {
          if (field.dataTypeID !== CHAR) continue
          field.dataTypeID = TEXT
          field.name = MARK + field.name
        }
        return result
      }
    },
  })

async function mend(
  adapter: SqlDriverAdapter,
  pool: pg.Pool,
  onScriptError: (error: unknown) => void,
): Promise<SqlDriverAdapter> {
  const queryRaw = adapter.queryRaw.bind(adapter)
  adapter.queryRaw = async (query) => {
    const { columnNames, columnTypes, rows } = await queryRaw(query)
    return {
      columnNames: columnNames.map((name) => (name.startsWith(MARK) ? name.slice(MARK.length) : name)),
      columnTypes: columnTypes.map((type, i) => (columnNames[i]?.startsWith(MARK) ? ColumnTypeEnum.Character : type)),
      rows,
    }
  }
  adapter.executeScript = async (script) => {
    try {
      await pool.query(script)
    } catch (error) {
      onScriptError(error)
      throw error
    }
  }
  return adapter
}

/** The database behind `pool` for Prisma's schema engine. `onScriptError` hears what PostgreSQL says to a bad script. */
export function engineAdapter(pool: pg.Pool, onScriptError: (error: unknown) => void): Factory {
  const prisma = new PrismaPg(withoutChar(pool))
  return {
    provider: prisma.provider,
    adapterName: prisma.adapterName,
    connect: async () => mend(await prisma.connect(), pool, onScriptError),
    connectToShadowDb: () => prisma.connectToShadowDb(),
  }
}
