import { notAuthorized, notFound } from '../http/problems.ts'
import type { Caller } from '../oauth/caller.ts'
import type { XPost, XUser } from '../world/model.ts'
import type { World } from '../world/world.ts'

/** Posts of protected accounts are seen by themselves and their followers, those of suspended ones by nobody. */
export function canSee(world: World, caller: Caller, post: XPost): boolean {
  const author = world.users.get(post.authorId)
  if (!author || author.suspended) return false
  if (!author.protected) return true
  return caller.kind === 'user' && (caller.user.id === author.id || world.follows(caller.user.id, author.id))
}

/** The item of `errors[]` for a post that is not shown: gone, or not for this caller. Undefined when it is shown. */
export function whyUnseen(world: World, caller: Caller, id: string, parameter: string, section: 'data' | 'includes') {
  const post = world.posts.get(id)
  if (!post) return notFound('tweet', parameter, id)
  return canSee(world, caller, post) ? undefined : notAuthorized(parameter, id, section)
}

/** The user field connection_status: undefined for apps and of oneself. Follow requests and mutes are not there. */
export function connectionsOf(world: World, caller: Caller, user: XUser): readonly string[] | undefined {
  if (caller.kind !== 'user' || caller.user.id === user.id) return undefined
  return [
    ...(world.follows(user.id, caller.user.id) ? ['followed_by'] : []),
    ...(world.follows(caller.user.id, user.id) ? ['following'] : []),
  ]
}
