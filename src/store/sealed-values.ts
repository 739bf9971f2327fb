import type { PrismaClient } from '../generated/prisma/client.ts'
import { UnsealError, type Vault } from './vault.ts'

/*
 * Every column that holds sealed values. Replacing PERCH_SECRET goes through this list, and a test goes through the
 * database for values that are not in it.
 */

export interface SealedColumn {
  readonly table: string
  /** The column that tells rows apart; a value's place is `<table>/<key>/<column>`. */
  readonly key: string
  readonly column: string
}

export const SEALED_COLUMNS: readonly SealedColumn[] = [
  { table: 'account_credential', key: 'account_id', column: 'access_token' },
  { table: 'account_credential', key: 'account_id', column: 'refresh_token' },
  { table: 'account_xchat', key: 'account_id', column: 'secret_key' },
  { table: 'account_authorization', key: 'state_hash', column: 'code_verifier' },
  { table: 'grant_revocation', key: 'id', column: 'access_token' },
  { table: 'grant_revocation', key: 'id', column: 'refresh_token' },
]

/** A value that no key of ours opens: its table, row and column. */
export interface Unopened {
  readonly place: string
  readonly reason: string
}

export interface Resealing {
  /** Values that are to be sealed anew, those that could not be opened included. */
  readonly total: number
  readonly done: number
  readonly unopened: readonly Unopened[]
}

const BATCH = 100

/**
 * Seals anew what is not sealed with the current secret, row by row, beside whatever else runs: a value that somebody
 * changed meanwhile is left as it is. What was done stays done, so it may be killed and run again, also twice at once.
 */
export async function reseal(
  prisma: PrismaClient,
  vault: Vault,
  onProgress: (progress: Resealing) => void = () => {},
): Promise<Resealing> {
  const unopened: Unopened[] = []
  let done = 0
  let total = 0
  for (const column of SEALED_COLUMNS) total += await count(prisma, vault, column)
  const report = () => onProgress({ total, done, unopened })
  report()
  for (const sealed of SEALED_COLUMNS) {
    let after = ''
    for (;;) {
      const rows = await page(prisma, vault, sealed, after)
      for (const { key, value } of rows) {
        after = key
        const place = `${sealed.table}/${key}/${sealed.column}`
        try {
          await replace(prisma, sealed, key, value, vault.seal(vault.open(value, place), place))
        } catch (error) {
          if (!(error instanceof UnsealError)) throw error
          unopened.push({ place, reason: error.message })
        }
        done++
      }
      report()
      if (rows.length < BATCH) break
    }
  }
  return { total: Math.max(total, done), done, unopened }
}

async function count(prisma: PrismaClient, vault: Vault, { table, column }: SealedColumn): Promise<number> {
  // The names are this file's own.
  const [row] = await prisma.$queryRawUnsafe<{ count: number }[]>(
    `SELECT count(*)::int AS count FROM "${table}" WHERE NOT starts_with("${column}", $1)`,
    vault.currentPrefix,
  )
  return row?.count ?? 0
}

function page(prisma: PrismaClient, vault: Vault, { table, key, column }: SealedColumn, after: string) {
  return prisma.$queryRawUnsafe<{ key: string; value: string }[]>(
    `SELECT "${key}"::text AS key, "${column}" AS value FROM "${table}"
     WHERE NOT starts_with("${column}", $1) AND "${key}"::text > $2 ORDER BY "${key}"::text LIMIT ${BATCH}`,
    vault.currentPrefix,
    after,
  )
}

async function replace(
  prisma: PrismaClient,
  { table, key, column }: SealedColumn,
  row: string,
  before: string,
  after: string,
): Promise<void> {
  await prisma.$executeRawUnsafe(
    `UPDATE "${table}" SET "${column}" = $1 WHERE "${key}"::text = $2 AND "${column}" = $3`,
    after,
    row,
    before,
  )
}
