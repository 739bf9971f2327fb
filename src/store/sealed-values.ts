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
  { table: 'requester_sign_in', key: 'state_hash', column: 'code_verifier' },
  { table: 'grant_revocation', key: 'id', column: 'access_token' },
  { table: 'grant_revocation', key: 'id', column: 'refresh_token' },
]

/** A value that no key of ours opens: its table, row and column. */
export interface Unopened {
  readonly place: string
  readonly reason: string
}

export interface Resealing {
  /** Values that were not sealed with the current secret, those that could not be opened included. */
  readonly total: number
  /** Of these, sealed anew by this call. */
  readonly done: number
  readonly unopened: readonly Unopened[]
  /** Whether values that open came back under another secret, time and again: some process still seals with it. */
  readonly unsettled: boolean
}

const BATCH = 100
/** A value that changed under our hands is looked at again this often. */
const PASSES = 5

/**
 * Seals anew what is not sealed with the current secret, row by row, beside whatever else runs: a value that somebody
 * changed meanwhile is left as it is, and looked at again. It is settled when a pass meets nothing more that opens. What
 * was done stays done, so it may be killed and run again, also twice at once. `signal` ends it after the row at hand.
 * Throws the database's errors, and the signal's reason.
 */
export async function reseal(
  prisma: PrismaClient,
  vault: Vault,
  {
    onProgress = () => {},
    signal,
  }: { readonly onProgress?: (now: Resealing) => void; readonly signal?: AbortSignal } = {},
): Promise<Resealing> {
  let [done, total] = [0, 0]
  let unopened: Unopened[] = []
  let unsettled = true
  const now = (): Resealing => ({ total: Math.max(total, done + unopened.length), done, unopened, unsettled })
  for (let pass = 0; pass < PASSES && unsettled; pass++) {
    total = done
    for (const sealed of SEALED_COLUMNS) total += await count(prisma, vault, sealed)
    unopened = []
    unsettled = false
    onProgress(now())
    for (const sealed of SEALED_COLUMNS) {
      for await (const { key, value } of rows(prisma, vault, sealed)) {
        signal?.throwIfAborted()
        const anew = sealAnew(vault, `${sealed.table}/${key}/${sealed.column}`, value)
        if (typeof anew === 'string') {
          unsettled = true
          done += await replace(prisma, sealed, key, value, anew)
        } else {
          unopened.push(anew)
        }
        onProgress(now())
      }
    }
  }
  return now()
}

function sealAnew(vault: Vault, place: string, value: string): string | Unopened {
  try {
    return vault.seal(vault.open(value, place), place)
  } catch (error) {
    if (!(error instanceof UnsealError)) throw error
    return { place, reason: error.message }
  }
}

/** What is not sealed with the current secret, in the order of the keys. */
async function* rows(prisma: PrismaClient, vault: Vault, sealed: SealedColumn) {
  let after = ''
  for (;;) {
    const found = await page(prisma, vault, sealed, after)
    yield* found
    const last = found.at(-1)
    if (!last || found.length < BATCH) return
    after = last.key
  }
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

/** Only while it is what was read: whoever wrote it meanwhile knows better. Gives how many rows that was. */
async function replace(
  prisma: PrismaClient,
  { table, key, column }: SealedColumn,
  row: string,
  before: string,
  after: string,
): Promise<number> {
  return prisma.$executeRawUnsafe(
    `UPDATE "${table}" SET "${column}" = $1 WHERE "${key}"::text = $2 AND "${column}" = $3`,
    after,
    row,
    before,
  )
}
