import { randomUUID } from 'node:crypto'
import type { SqlDriverAdapterFactory, SqlQuery, SqlQueryable } from '@prisma/driver-adapter-utils'
import { LRUCache } from 'lru-cache'

/*
 * Rows go to the database as JSON, a batch in one value. Prisma would write that into JSON once more, with every quote
 * escaped, and read it back before it reaches the driver: as much work as making it. So a name goes through Prisma, and
 * the text takes its place on the other side, in our part of the adapter.
 */

/** Nobody who does not run in this process can name a text: what comes from outside is never taken for one. */
const PREFIX = `perch json ${randomUUID()} `
/** Below this the name is not worth it. */
const SHORT = 500
/** Texts whose statement never ran are forgotten; what all connections send at once is far less. */
const texts = new LRUCache<string, string>({ maxSize: 2 ** 28, sizeCalculation: ({ length }) => length })
let last = 0

/** A value as the parameter of one raw statement, which has to cast it to json or jsonb. */
export function json(value: unknown): string {
  const text = JSON.stringify(value)
  if (text.length < SHORT) return text
  const name = `${PREFIX}${++last}`
  texts.set(name, text)
  return name
}

/** The same adapter, which puts the texts in the place of their names. */
export function knowingJson<Factory extends SqlDriverAdapterFactory>(factory: Factory): Factory {
  const connect = factory.connect.bind(factory)
  factory.connect = async () => {
    const adapter = reading(await connect())
    const startTransaction = adapter.startTransaction.bind(adapter)
    adapter.startTransaction = async (...options) => reading(await startTransaction(...options))
    return adapter
  }
  return factory
}

function reading<Queryable extends SqlQueryable>(queryable: Queryable): Queryable {
  const queryRaw = queryable.queryRaw.bind(queryable)
  const executeRaw = queryable.executeRaw.bind(queryable)
  queryable.queryRaw = (query) => queryRaw(withTexts(query))
  queryable.executeRaw = (query) => executeRaw(withTexts(query))
  return queryable
}

/** The statement with the texts in place of their names. Each is given once. */
function withTexts(query: SqlQuery): SqlQuery {
  if (!query.args.some(isName)) return query
  return { ...query, args: query.args.map((arg) => (isName(arg) ? take(arg) : arg)) }
}

const isName = (arg: unknown): arg is string => typeof arg === 'string' && arg.startsWith(PREFIX)

function take(name: string): string {
  const text = texts.get(name)
  // A statement that is sent twice, or far too late, must not write nothing.
  if (text === undefined) throw new Error('The JSON of a parameter was given to a statement already.')
  texts.delete(name)
  return text
}
