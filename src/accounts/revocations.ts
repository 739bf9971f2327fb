import type { Logger } from 'pino'
import type { Store } from '../store/store.ts'
import { UnsealError, type Vault } from '../store/vault.ts'
import type { XClient } from '../x/client.ts'
import { XError } from '../x/errors.ts'
import { revocationPlace } from './sealed-places.ts'

/**
 * Tells X of the grants that are over (F7), and forgets them as soon as X knows. Throws when some are left, to be run
 * again. A token that X does not know is done: it is over.
 */
export async function revokeGrants({
  store,
  vault,
  x,
  logger,
}: {
  readonly store: Pick<Store, 'prisma'>
  readonly vault: Vault
  readonly x: Pick<XClient, 'oauth'>
  readonly logger: Logger
}): Promise<void> {
  let failure: unknown
  for (const row of await store.prisma.grantRevocation.findMany({ orderBy: { createdAt: 'asc' } })) {
    try {
      // The refresh token first: it takes the grant along.
      const refresh = row.refreshToken && vault.open(row.refreshToken, revocationPlace.refresh(row.id))
      if (refresh) await x.oauth.revoke(refresh, 'refresh_token').catch(unlessUnknown)
      const access = vault.open(row.accessToken, revocationPlace.access(row.id))
      await x.oauth.revoke(access, 'access_token').catch(unlessUnknown)
    } catch (error) {
      if (!(error instanceof UnsealError)) {
        failure = error
        continue
      }
      logger.warn(
        { err: error, accountId: row.accountId },
        'a grant cannot be ended at X; its tokens die by themselves',
      )
    }
    await store.prisma.grantRevocation.deleteMany({ where: { id: row.id } })
  }
  if (failure) throw failure
}

function unlessUnknown(error: unknown): void {
  const known = error instanceof XError && (error.kind === 'INVALID_REQUEST' || error.kind === 'NOT_FOUND')
  if (!known) throw error
}
