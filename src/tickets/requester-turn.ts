import type { ChangeScope } from '../store/store.ts'

/**
 * One thing at a time that a requester says by our own ways (their page, e-mail), until the transaction ends: two that come
 * at once find one follow-up (F26). Before any ticket is locked, as whoever comes second must not hold one that the first
 * goes on to.
 */
export async function takeRequesterTurn({ db }: Pick<ChangeScope, 'db'>, requesterId: string): Promise<void> {
  await db.$executeRaw`SELECT pg_advisory_xact_lock(hashtext(${`perch comments ${requesterId}`}))`
}
