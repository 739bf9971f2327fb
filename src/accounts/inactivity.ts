import type { Logger } from 'pino'
import type { Actor } from '../domain/event.ts'
import { dueAfter, inactivityOf, WARNING_DAYS } from '../domain/inactivity.ts'
import type { Store } from '../store/store.ts'
import type { Vault } from '../store/vault.ts'
import { deauthorize } from './deauthorize.ts'
import { lockAccount } from './lock-account.ts'
import { tellAdministrators } from './notices.ts'

const ACTOR: Actor = { kind: 'system', part: 'inactivity' }

/**
 * Warns of silent accounts, and gives up those that were silent too long (F48), by the database's clock. Each step is
 * taken once, however often and wherever this runs. Only active accounts: the time of one that an administrator switched
 * off does not count, it starts anew when it is switched on.
 */
export async function watchInactivity({
  store,
  vault,
  logger,
}: {
  readonly store: Store
  readonly vault: Vault
  readonly logger: Logger
}): Promise<void> {
  const silent = await store.prisma.$queryRaw<{ id: string }[]>`
    SELECT id FROM account
    WHERE status = 'ACTIVE' AND last_traffic_at <= now() - ${WARNING_DAYS[0]} * interval '1 day'`
  for (const { id } of silent) {
    await store.change(ACTOR, async (scope) => {
      const { db, emit } = scope
      const account = await lockAccount(db, id)
      if (account?.status !== 'ACTIVE') return
      const [row] = await db.$queryRaw<{ now: Date }[]>`SELECT now() AS now`
      const { days, deauthorizesAt } = inactivityOf(account.lastTrafficAt, row?.now ?? new Date())
      const due = dueAfter(days, account.inactivityWarnedDays)
      if (due === null) return
      if (due === 'DEAUTHORIZE') {
        await deauthorize(scope, vault, id, 'INACTIVE')
        logger.error({ accountId: id, cause: 'INACTIVE' }, 'an account was deauthorized')
        return
      }
      await db.account.update({ where: { id }, data: { inactivityWarnedDays: due } })
      emit({ type: 'account.updated', accountId: id, changed: ['inactivity'], what: 'INACTIVITY_WARNING', days: due })
      const once = `${account.lastTrafficAt.getTime()}.${due}`
      const what = { kind: 'inactive', days: due, deauthorizesAt: deauthorizesAt.toISOString() } as const
      await tellAdministrators(scope, id, once, what)
    })
  }
}
