import { PrismaPg } from '@prisma/adapter-pg'
import type { Logger } from 'pino'
import { PrismaClient } from '../generated/prisma/client.ts'
import { knowingJson } from './json-parameter.ts'
import { oneAtATime } from './one-at-a-time.ts'

export interface ConnectOptions {
  readonly databaseUrl: string
  readonly logger: Logger
  /** Connections in the client's pool. */
  readonly poolSize?: number
  /** A statement that takes longer fails, and its connection is given up. */
  readonly timeoutMs?: number
  /** Tests look at the SQL issued through this. */
  readonly onQuery?: (sql: string) => void
}

/** A client with a pool of its own. It connects with its first statement. */
export function connectTo({ databaseUrl, poolSize = 10, timeoutMs, onQuery, logger }: ConnectOptions): PrismaClient {
  const postgres = new PrismaPg(
    {
      connectionString: databaseUrl,
      max: poolSize,
      application_name: 'perch',
      ...(timeoutMs !== undefined && { query_timeout: timeoutMs, connectionTimeoutMillis: timeoutMs }),
    },
    // A connection that dies while idle is replaced; without a listener it would end the process.
    { onPoolError: (error) => logger.warn({ err: error }, 'a database connection was lost') },
  )
  const adapter = oneAtATime(knowingJson(postgres))
  if (!onQuery) return new PrismaClient({ adapter })
  const prisma = new PrismaClient({ adapter, log: [{ emit: 'event', level: 'query' }] })
  prisma.$on('query', (event) => onQuery(event.query))
  return prisma
}

/** Renewals are short and few: two, so that one that hangs does not hold up the others. */
const LEASE_CONNECTIONS = 2
/** As long as a lease lasts: whoever has waited longer has lost it. */
const LEASE_TIMEOUT_MS = 6_000

/**
 * The client that leases are held through. Its connections are its own: work that floods the store's, as a burst of events
 * does, would keep renewals waiting, and the process would lose what it holds while it works hardest.
 */
export const connectForLeases = (options: Pick<ConnectOptions, 'databaseUrl' | 'logger'>): PrismaClient =>
  connectTo({ ...options, poolSize: LEASE_CONNECTIONS, timeoutMs: LEASE_TIMEOUT_MS })
