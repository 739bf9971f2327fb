import type { Caller } from '../oauth/caller.ts'
import type { XPost } from '../world/model.ts'
import type { World } from '../world/world.ts'

/** Posts of protected accounts are seen by themselves only: nobody follows anybody here. */
export function canSee(world: World, caller: Caller, post: XPost): boolean {
  const author = world.users.get(post.authorId)
  if (!author || author.suspended) return false
  return !author.protected || (caller.kind === 'user' && caller.user.id === author.id)
}
