import { z } from 'zod'
import type { Simulation } from '../core/simulation.ts'
import { invalidRequest, missing, plainProblem, Refusal, type Reply } from '../http/problems.ts'
import type { AuthorizedCall, Route } from '../http/router.ts'
import type { XPost, XUser } from '../world/model.ts'
import { weightIn } from '../world/text.ts'
import { MAX_TEXT } from '../world/weight.ts'
import { checkId, readList, readSelection } from './parameters.ts'
import { bodyOf, renderPosts } from './render-posts.ts'
import { canSee, whyUnseen } from './visibility.ts'

const READ = { user: ['tweet.read', 'users.read'], app: true }
const WRITE = { user: ['tweet.read', 'tweet.write', 'users.read'] }
const ID = /^[0-9]{1,19}$/
/** X refuses the same text again for about this long. */
const DUPLICATE_WITHIN_MS = 24 * 60 * 60_000

const draftShape = z.strictObject({
  text: z.string().default(''),
  reply: z
    .strictObject({
      in_reply_to_tweet_id: z.string().regex(ID),
      auto_populate_reply_metadata: z.boolean().optional(),
      exclude_reply_user_ids: z.array(z.string()).optional(),
    })
    .optional(),
  quote_tweet_id: z.string().regex(ID).optional(),
  reply_settings: z.enum(['following', 'mentionedUsers', 'subscribers', 'verified']).optional(),
})

/** GET /2/tweets: what is found in `data`, what is not in `errors`, with the reason. */
function lookUpMany(call: AuthorizedCall): Reply {
  const { query, simulation, caller } = call
  const ids = readList(query, 'ids', ID)
  const selection = readSelection(query, 'post', ['ids'])
  const problems = ids.flatMap((id) => whyUnseen(simulation.world, caller, id, 'ids', 'data') ?? [])
  const found = ids.flatMap((id) => simulation.world.posts.get(id) ?? [])
  const seen = found.filter((post) => canSee(simulation.world, caller, post))
  const rendered = renderPosts(call, seen, selection)
  return { status: 200, body: bodyOf({ ...rendered, errors: [...problems, ...rendered.errors] }) }
}

/** GET /2/tweets/:id */
function lookUp(call: AuthorizedCall): Reply {
  const id = checkId('id', call.params['id'] ?? '')
  const selection = readSelection(call.query, 'post', [])
  const post = call.simulation.world.posts.get(id)
  const problem = whyUnseen(call.simulation.world, call.caller, id, 'id', 'data')
  if (!post || problem) throw problem ? missing(problem) : plainProblem(404)
  const rendered = renderPosts(call, [post], selection)
  return { status: 200, body: { ...bodyOf(rendered), data: rendered.data[0] } }
}

/** POST /2/tweets */
function create({ body, caller, simulation }: AuthorizedCall): Reply {
  if (caller.kind !== 'user') throw plainProblem(403)
  const { world, policy } = simulation
  const parsed = draftShape.safeParse(body)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw invalidRequest(`$.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not a post'}`)
  }
  const { text, reply, quote_tweet_id: quotedId } = parsed.data
  if (text.trim() === '') throw invalidRequest('$.text: the text of a post without media can not be empty')
  const find = (id: string | undefined, detail: string): XPost | undefined => {
    if (id === undefined) return undefined
    const post = world.posts.get(id)
    if (!post || !canSee(world, caller, post)) throw plainProblem(403, detail)
    return post
  }
  const inReplyTo = find(
    reply?.in_reply_to_tweet_id,
    'You attempted to reply to a Tweet that is deleted or not visible to you.',
  )
  const quoteOf = find(quotedId, 'You attempted to quote a Tweet that is deleted or not visible to you.')
  // Seen in the wild as a 400 whose message is among `errors` (tweepy's BadRequest), and not as its `detail`.
  if (weightIn(text, caller.user, inReplyTo, (idOrName) => world.findUser(idOrName)) > MAX_TEXT)
    throw invalidRequest(
      'Your Tweet text is too long. For more information on how Twitter determines text length see https://github.com/twitter/twitter-text.',
    )
  // X's code 136; API v2 gives no codes.
  if (inReplyTo && world.blocks(inReplyTo.authorId, caller.user.id))
    throw plainProblem(403, 'You have been blocked from the author of this tweet.')
  if (policy.selfServeReplies) requireSummons(caller.user, inReplyTo, quoteOf)
  if (saidBefore(simulation, caller.user, text, inReplyTo))
    throw plainProblem(403, 'You are not allowed to create a Tweet with duplicate content.')
  const post = world.addPost({ author: caller.user, typed: text, inReplyTo, quoteOf })
  simulation.received.push({ post, clientId: caller.app.clientId })
  return { status: 201, body: { data: { id: post.id, text: post.text, edit_history_tweet_ids: [post.id] } } }
}

/** Whether X refuses a text of somebody as said before, as far as its policy goes here. */
function saidBefore({ world, policy, now }: Simulation, user: XUser, text: string, inReplyTo: XPost | undefined) {
  const since = now().getTime() - DUPLICATE_WITHIN_MS
  const within = policy.duplicates
  return world.timeline.some(
    (post) =>
      within !== 'allowed' &&
      post.authorId === user.id &&
      post.typed === text &&
      (within === 'refused' || post.inReplyTo?.postId === inReplyTo?.id) &&
      post.createdAt.getTime() > since,
  )
}

/** Since 2026-02-23 a self-serve app may answer only whoever named or quoted the account; quoting by API is gone. */
function requireSummons(user: XUser, inReplyTo: XPost | undefined, quoteOf: XPost | undefined): void {
  // X documents no words for these two; those of the second are what bots report that they are told.
  const refuse = (detail: string) => new Refusal(403, { title: 'Forbidden', detail, type: 'about:blank', status: 403 })
  if (quoteOf && quoteOf.authorId !== user.id) throw refuse('Quoting Posts is not permitted at this access level.')
  if (!inReplyTo || inReplyTo.authorId === user.id) return
  const summoned = inReplyTo.mentions.some(({ id }) => id === user.id) || inReplyTo.quoted?.userId === user.id
  if (!summoned)
    throw refuse(
      'Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the author of the post you are replying to.',
    )
}

function remove({ params, caller, simulation }: AuthorizedCall): Reply {
  const id = checkId('id', params['id'] ?? '')
  const post = simulation.world.posts.get(id)
  if (post && (caller.kind !== 'user' || post.authorId !== caller.user.id)) {
    throw plainProblem(403, 'You are not authorized to delete this Tweet.')
  }
  // X says so for posts that are gone already, too.
  simulation.world.deletePost(id)
  return { status: 200, body: { data: { deleted: true } } }
}

/** Posts: look-up, creation, deletion. */
export const postRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/2/tweets',
    access: READ,
    handle: lookUpMany,
  },
  {
    method: 'GET',
    path: '/2/tweets/:id',
    access: READ,
    handle: lookUp,
  },
  { method: 'POST', path: '/2/tweets', access: WRITE, handle: create },
  { method: 'DELETE', path: '/2/tweets/:id', access: WRITE, handle: remove },
]
