import { v7 as uuid } from 'uuid'
import type { XIdentity } from '../accounts/identity.ts'
import type { Store } from '../store/store.ts'

/** Who is signed in: a user, and whether somebody here has suspended them. */
export interface Requester {
  readonly id: string
  readonly active: boolean
  /** Of the sessions that begin now. */
  readonly sessionGeneration: number
}

/** The user whom X says it is: the one whose posts became tickets, or a new end user. Their profile is kept current. */
export async function keepRequester(store: Pick<Store, 'change'>, identity: XIdentity): Promise<Requester> {
  const { xUserId, screenName, name, avatarUrl } = identity
  const { value } = await store.change({ kind: 'system', part: 'sign-in' }, async ({ db }) => {
    await db.$executeRaw`
      INSERT INTO x_profile AS p (id, username, name, avatar_url, updated_at)
      VALUES (${xUserId}, ${screenName}, ${name}, ${avatarUrl}, now())
      ON CONFLICT (id) DO UPDATE SET
        username = excluded.username, name = excluded.name, avatar_url = coalesce(excluded.avatar_url, p.avatar_url),
        updated_at = now()`
    await db.$executeRaw`
      INSERT INTO "user" (id, role, name, x_profile_id, updated_at)
      VALUES (${uuid()}::uuid, 'END_USER', ${name}, ${xUserId}, now())
      ON CONFLICT (x_profile_id) DO NOTHING`
    return db.user.findUniqueOrThrow({
      where: { xProfileId: xUserId },
      select: { id: true, active: true, sessionGeneration: true },
    })
  })
  return value
}
