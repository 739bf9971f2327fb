import type { Plan } from '../domain/account.ts'
import type { Account } from '../generated/prisma/client.ts'
import type { ChangeScope } from '../store/store.ts'

type Db = ChangeScope['db']

/**
 * The workspace's plan, locked: whoever changes what accounts share (how many there are, which is the default) comes one
 * after the other. Taken before any account's lock, so that nobody waits in a circle.
 */
export async function lockWorkspace(db: Db): Promise<Plan> {
  const [row] = await db.$queryRaw<{ plan: Plan }[]>`SELECT plan FROM workspace WHERE id = 1 FOR UPDATE`
  if (!row) throw new Error('the workspace row is missing')
  return row.plan
}

/** A linked account, locked until the transaction ends; null when there is none. */
export async function lockAccount(db: Db, id: string): Promise<Account | null> {
  const rows = await db.$queryRaw`SELECT 1 FROM account WHERE id = ${id}::uuid AND status <> 'UNLINKED' FOR UPDATE`
  return Array.isArray(rows) && rows.length > 0 ? db.account.findUnique({ where: { id } }) : null
}
