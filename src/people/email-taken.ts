import type { ChangeScope } from '../store/store.ts'

/**
 * Whether a normalised e-mail address is somebody else's. Nobody else is told otherwise until the transaction ends, so
 * that the second of two who want it is told so.
 */
export async function isEmailTaken({ db }: ChangeScope, email: string, userId: string): Promise<boolean> {
  await db.$executeRaw`SELECT pg_advisory_xact_lock(hashtext(${`perch e-mail ${email}`}))`
  const taken = await db.user.findFirst({
    where: { email: { equals: email, mode: 'insensitive' }, id: { not: userId } },
    select: { id: true },
  })
  return taken !== null
}
