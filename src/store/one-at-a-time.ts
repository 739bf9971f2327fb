import type { SqlDriverAdapterFactory, SqlQueryable, Transaction } from '@prisma/driver-adapter-utils'
import { withTexts } from './json-parameter.ts'

/**
 * The same adapter, which knows the JSON of parameters by name (json-parameter.ts), and whose transactions send one
 * statement after the other. Prisma reads sibling relations at once, also
 * on the single connection of a transaction; pg would queue them, with a deprecation warning that a newcomer sees, and
 * refuse them in its next major version.
 */
export function oneAtATime<Factory extends SqlDriverAdapterFactory>(factory: Factory): Factory {
  const connect = factory.connect.bind(factory)
  factory.connect = async () => {
    const adapter = named(await connect())
    const startTransaction = adapter.startTransaction.bind(adapter)
    adapter.startTransaction = async (...options) => inTurn(named(await startTransaction(...options)))
    return adapter
  }
  return factory
}

function named<Queryable extends SqlQueryable>(queryable: Queryable): Queryable {
  const queryRaw = queryable.queryRaw.bind(queryable)
  const executeRaw = queryable.executeRaw.bind(queryable)
  queryable.queryRaw = (query) => queryRaw(withTexts(query))
  queryable.executeRaw = (query) => executeRaw(withTexts(query))
  return queryable
}

function inTurn(transaction: Transaction): Transaction {
  let last: Promise<unknown> = Promise.resolve()
  const next = <Result>(run: () => Promise<Result>): Promise<Result> => {
    const result = last.then(run, run)
    last = result
    return result
  }
  const queryRaw = transaction.queryRaw.bind(transaction)
  const executeRaw = transaction.executeRaw.bind(transaction)
  transaction.queryRaw = (query) => next(() => queryRaw(query))
  transaction.executeRaw = (query) => next(() => executeRaw(query))
  return transaction
}
