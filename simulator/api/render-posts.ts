import { userSuspended } from '../http/problems.ts'
import type { AuthorizedCall } from '../http/router.ts'
import type { XPost } from '../world/model.ts'
import type { Selection } from './parameters.ts'
import { type Json, renderPost, renderUser } from './render.ts'
import { connectionsOf, whyUnseen } from './visibility.ts'

/** An answer about posts or messages, without its `meta`. */
export interface Rendered {
  readonly data: Json[]
  readonly includes: Json | undefined
  readonly errors: object[]
}

/** Expanding a reference shows the reference, asked for or not. */
const FIELD_OF_EXPANSION: Readonly<Record<string, string>> = {
  author_id: 'author_id',
  in_reply_to_user_id: 'in_reply_to_user_id',
  'entities.mentions.username': 'entities',
  'referenced_tweets.id': 'referenced_tweets',
}

/** `data`, `includes` and `errors` of an answer about posts: what the caller may not see is an error in place of it. */
export function renderPosts(call: AuthorizedCall, posts: readonly XPost[], selection: Selection): Rendered {
  const { expansions } = selection
  const { world } = call.simulation
  const fields = new Set(selection.tweet)
  for (const expansion of expansions) {
    const field = FIELD_OF_EXPANSION[expansion]
    if (field !== undefined) fields.add(field)
  }
  /** By user, the parameter that names them. */
  const userIds = new Map<string, string>()
  const referenced = new Map<string, XPost>()
  const errors = new Map<string, object>()
  for (const post of posts) {
    if (expansions.has('author_id')) userIds.set(post.authorId, 'author_id')
    if (expansions.has('in_reply_to_user_id') && post.inReplyTo) {
      userIds.set(post.inReplyTo.userId, 'in_reply_to_user_id')
    }
    if (expansions.has('entities.mentions.username')) {
      for (const { id } of post.mentions) userIds.set(id, 'entities.mentions.username')
    }
    for (const id of referencesOf(post, expansions)) {
      const target = world.posts.get(id)
      const problem = whyUnseen(world, call.caller, id, 'referenced_tweets.id', 'includes')
      if (problem) errors.set(id, problem)
      else if (target) referenced.set(id, target)
      if (target && !problem && expansions.has('referenced_tweets.id.author_id')) {
        userIds.set(target.authorId, 'referenced_tweets.id.author_id')
      }
    }
  }
  const { users, errors: suspended } = renderUsers(call, userIds, selection)
  const includes = {
    ...(users.length > 0 && { users }),
    ...(referenced.size > 0 && { tweets: [...referenced.values()].map((post) => renderPost(post, fields)) }),
  }
  return {
    data: posts.map((post) => renderPost(post, fields)),
    includes: Object.keys(includes).length > 0 ? includes : undefined,
    errors: [...errors.values(), ...suspended],
  }
}

function referencesOf(post: XPost, expansions: ReadonlySet<string>): string[] {
  const references = expansions.has('referenced_tweets.id') || expansions.has('referenced_tweets.id.author_id')
  return [
    ...(references ? [post.inReplyTo, post.reposted, post.quoted].flatMap((target) => target?.postId ?? []) : []),
    ...(expansions.has('edit_history_tweet_ids') ? post.history.filter((id) => id !== post.id) : []),
  ]
}

/** The users that an answer includes; of the suspended ones only that they are. `userIds` maps to the parameter that names them. */
export function renderUsers(
  { simulation: { world }, caller }: AuthorizedCall,
  userIds: ReadonlyMap<string, string>,
  selection: Selection,
): { users: Json[]; errors: object[] } {
  const found = [...userIds].flatMap(([id, parameter]) => {
    const user = world.users.get(id)
    return user ? [{ user, parameter }] : []
  })
  return {
    users: found
      .filter(({ user }) => !user.suspended)
      .map(({ user }) => renderUser(user, selection.user, connectionsOf(world, caller, user))),
    errors: found.filter(({ user }) => user.suspended).map(({ user, parameter }) => userSuspended(parameter, user.id)),
  }
}

/** The body of an answer: what is empty is left out, as X does. */
export const bodyOf = ({ data, includes, errors }: Rendered, meta?: object) => ({
  ...(data.length > 0 && { data }),
  ...(includes && { includes }),
  ...(errors.length > 0 && { errors }),
  ...(meta && { meta }),
})
