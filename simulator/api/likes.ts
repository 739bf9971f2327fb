import { nothingThere, plainProblem, type Reply } from '../http/problems.ts'
import type { AuthorizedCall, Route } from '../http/router.ts'
import { cutItemPage } from './item-page.ts'
import { checkId, readInteger, readSelection } from './parameters.ts'
import { bodyOf, renderPosts } from './render-posts.ts'
import { canSee } from './visibility.ts'

/** GET /2/users/:id/liked_tweets: the newest like first. There is no since_id. */
function likedPosts(call: AuthorizedCall): Reply {
  const { query, simulation, caller } = call
  const selection = readSelection(query, 'post', ['max_results', 'pagination_token'])
  const id = checkId('id', call.params['id'] ?? '')
  const size = readInteger(query, 'max_results', 5, 100, 100)
  if (!simulation.world.users.has(id)) throw nothingThere('user', 'id', id)
  // Likes are private since 2024: only whoever liked sees them. X's words for others are documented nowhere.
  if (caller.kind !== 'user' || caller.user.id !== id) throw plainProblem(403)
  const likes = simulation.world.likesOf(id).filter(({ post }) => canSee(simulation.world, caller, post))
  const { shown, meta } = cutItemPage(query, likes, size, (like) => like.id)
  const posts = shown.map(({ post }) => post)
  return { status: 200, body: bodyOf(renderPosts(call, posts, selection), meta) }
}

/** Likes: reading one's own. */
export const likeRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/2/users/:id/liked_tweets',
    access: { user: ['like.read', 'tweet.read', 'users.read'] },
    handle: likedPosts,
  },
]
