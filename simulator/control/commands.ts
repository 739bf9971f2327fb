import type { z } from 'zod'
import type { StreamMode } from '../activity/hub.ts'
import { DEFAULT_APP } from '../core/settings.ts'
import type { Simulation } from '../core/simulation.ts'
import type { Fault } from '../http/faults.ts'
import type { TokenAnswer } from '../oauth/grants.ts'
import { SCOPES } from '../oauth/scopes.ts'
import type { XPost, XUser } from '../world/model.ts'
import { BRAND } from '../world/people.ts'
import type * as inputs from './inputs.ts'
import { DEFAULT_SCOPES } from './inputs.ts'
import { type ControlPost, type ControlUser, type Snapshot, showPost, showUser, snapshot } from './views.ts'

/** A command that cannot be carried out; `status` is for the control API over HTTP. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly status: 400 | 404

  constructor(status: 400 | 404, message: string) {
    super(message)
    this.status = status
  }
}

type Input<Shape extends z.ZodType> = z.input<Shape>

/** The person whom a command names. Throws when there is none. */
export function userOf({ world }: Simulation, ref: string): XUser {
  const user = world.findUser(ref)
  if (!user) throw new CommandError(404, `there is no user "${ref}"`)
  return user
}

/** The post that a command names. Throws when there is none. */
export function postOf({ world }: Simulation, id: string): XPost {
  const post = world.posts.get(id)
  if (!post) throw new CommandError(404, `there is no post ${id}`)
  return post
}

function consentOf(simulation: Simulation, clientId = DEFAULT_APP.clientId, ref: string, scopes: readonly string[]) {
  if (!simulation.apps.has(clientId)) throw new CommandError(404, `there is no app "${clientId}"`)
  const unknown = scopes.find((scope) => !Object.hasOwn(SCOPES, scope))
  if (unknown !== undefined) throw new CommandError(400, `there is no scope "${unknown}"`)
  return { clientId, userId: userOf(simulation, ref).id, scopes }
}

export function createUser(simulation: Simulation, input: Input<typeof inputs.userInput>): ControlUser {
  const { verified, createdAt, ...draft } = input
  const user = trying(() =>
    simulation.world.addUser({
      ...draft,
      createdAt: createdAt === undefined ? undefined : new Date(createdAt),
      verifiedType: draft.verifiedType ?? (verified ? 'blue' : 'none'),
    }),
  )
  return showUser(user)
}

/** Does what the world may refuse, and says so. */
function trying<T>(change: () => T): T {
  try {
    return change()
  } catch (error) {
    throw new CommandError(400, error instanceof Error ? error.message : 'not possible')
  }
}

export function createPost(simulation: Simulation, input: Input<typeof inputs.postInput>): ControlPost {
  const post = simulation.world.addPost({
    author: userOf(simulation, input.from),
    typed: input.text,
    inReplyTo: input.inReplyTo === undefined ? undefined : postOf(simulation, input.inReplyTo),
    quoteOf: input.quoteOf === undefined ? undefined : postOf(simulation, input.quoteOf),
    at: input.at === undefined ? undefined : new Date(input.at),
  })
  return showPost(simulation.world, post)
}

/** A new version under a new id; the earlier ones are still there for whoever knows their ids. */
export function editPost(simulation: Simulation, input: Input<typeof inputs.editInput>): ControlPost {
  const post = postOf(simulation, input.id)
  return showPost(
    simulation.world,
    trying(() => simulation.world.editPost(post, input.text)),
  )
}

export function repost(simulation: Simulation, input: Input<typeof inputs.likeInput>): ControlPost {
  const [user, post] = [userOf(simulation, input.user), postOf(simulation, input.postId)]
  return showPost(
    simulation.world,
    trying(() => simulation.world.repost(user, post)),
  )
}

/** With all its versions and reposts; a repost is taken back by its own id. */
export function deletePost(simulation: Simulation, id: string): void {
  simulation.world.deletePost(postOf(simulation, id).id)
}

export function like(simulation: Simulation, input: Input<typeof inputs.likeInput>): void {
  simulation.world.like(userOf(simulation, input.user), postOf(simulation, input.postId))
}

export function unlike(simulation: Simulation, input: Input<typeof inputs.likeInput>): void {
  simulation.world.unlike(userOf(simulation, input.user), postOf(simulation, input.postId))
}

/** One follows the other from now on; who is protected approves it. */
export function follow(simulation: Simulation, input: Input<typeof inputs.followInput>): void {
  simulation.world.setFollow(userOf(simulation, input.user), userOf(simulation, input.target), true)
}

export function unfollow(simulation: Simulation, input: Input<typeof inputs.followInput>): void {
  simulation.world.setFollow(userOf(simulation, input.user), userOf(simulation, input.target), false)
}

export function registerApp(simulation: Simulation, input: Input<typeof inputs.appInput>): void {
  simulation.apps.set(input.clientId, {
    clientId: input.clientId,
    name: input.name ?? input.clientId,
    clientSecret: input.clientSecret,
    bearerToken: input.bearerToken,
    consumerSecret: input.consumerSecret ?? `${input.clientId}-consumer-secret`,
    redirectUris: input.redirectUris ?? [],
  })
}

/** What the consent page's Authorize button does, without a browser. */
export function authorize(
  simulation: Simulation,
  input: Input<typeof inputs.authorizeInput>,
): { code: string; redirectTo: string } {
  const scopes = input.scopes ?? DEFAULT_SCOPES
  const code = simulation.grants.issueCode({
    ...consentOf(simulation, input.clientId, input.userId, scopes),
    redirectUri: input.redirectUri,
    codeChallenge: input.codeChallenge,
    codeChallengeMethod: input.codeChallengeMethod === 'plain' ? 'plain' : 'S256',
  })
  const redirectTo = new URL(input.redirectUri)
  if (input.state !== undefined) redirectTo.searchParams.set('state', input.state)
  redirectTo.searchParams.set('code', code)
  return { code, redirectTo: redirectTo.href }
}

/** The whole dance at once: tokens for a user. */
export function issueTokens(simulation: Simulation, input: Input<typeof inputs.tokensInput>): TokenAnswer {
  const request = consentOf(simulation, input.clientId, input.userId, input.scopes ?? DEFAULT_SCOPES)
  const redirectUri = 'http://localhost/'
  const code = simulation.grants.issueCode({
    ...request,
    redirectUri,
    codeChallenge: 'control',
    codeChallengeMethod: 'plain',
  })
  const tokens = simulation.grants.redeemCode(code, 'control', redirectUri, request.clientId)
  if (!tokens) throw new CommandError(400, 'authorizationCodeSeconds is 0: codes expire at once')
  return tokens
}

/** The user removes the app: every token is dead, and oauth.revoke is told. */
export function revoke(simulation: Simulation, input: Input<typeof inputs.revokeInput>): void {
  const user = userOf(simulation, input.user)
  for (const clientId of simulation.grants.revokeUser(user.id, input.clientId)) {
    simulation.world.tell({ kind: 'revoke', userId: user.id, clientId, at: simulation.now() })
  }
}

/** The password is changed: every grant is dead, and nobody is told (oauth.revoke is about removed apps). */
export function changePassword(simulation: Simulation, input: Input<typeof inputs.userRef>): void {
  simulation.grants.revokeUser(userOf(simulation, input.user).id)
}

/** X suspends somebody, or lets them back: their tokens are answered 403 meanwhile. */
export function suspend(simulation: Simulation, input: Input<typeof inputs.suspendInput>): void {
  userOf(simulation, input.user).suspended = input.suspended
}

/** One blocks the other, who can answer them and write to them no more; or lets them again. */
export function block(simulation: Simulation, input: Input<typeof inputs.blockInput>): void {
  simulation.world.setBlock(userOf(simulation, input.user), userOf(simulation, input.target), input.blocked)
}

export function addFault(simulation: Simulation, input: Input<typeof inputs.faultInput>): void {
  const fault: Fault = { ...input, match: input.match ?? {} }
  simulation.faults.add(fault)
}

export function clearFaults(simulation: Simulation): void {
  simulation.faults.clear()
}

export function dropStreams(simulation: Simulation, input: Input<typeof inputs.dropInput> = {}): { dropped: number } {
  return { dropped: simulation.activity.drop(input) }
}

/** The open streams are told the last minutes once more; 5 when nothing is said. */
export function replayStreams(
  simulation: Simulation,
  input: Input<typeof inputs.replayInput> = {},
): { replayed: number } {
  return { replayed: simulation.activity.replay(input.minutes ?? 5, input.clientId) }
}

export function setStreamMode(simulation: Simulation, input: Input<typeof inputs.streamModeInput>): StreamMode {
  simulation.activity.setMode(given(input))
  return { ...simulation.activity.mode }
}

export function setRateLimit(simulation: Simulation, input: Input<typeof inputs.rateLimitInput>): void {
  const { endpoint, ...limits } = input
  simulation.limiter.override(endpoint, given(limits))
}

export function setPolicy(simulation: Simulation, input: Input<typeof inputs.policyInput>): void {
  Object.assign(simulation.policy, given(input))
  simulation.webhooks.schedule()
}

export function setTraffic(simulation: Simulation, input: Input<typeof inputs.trafficInput>): void {
  simulation.traffic.start(input.perMinute)
}

export function received(simulation: Simulation): (ControlPost & { clientId: string })[] {
  return simulation.received.map(({ post, clientId }) => ({ ...showPost(simulation.world, post), clientId }))
}

export function users(simulation: Simulation): ControlUser[] {
  return [...simulation.world.users.values()].map(showUser)
}

/** The newest posts, newest first. */
export function posts(simulation: Simulation, limit = 100): ControlPost[] {
  return simulation.world.timeline
    .slice(-limit)
    .toReversed()
    .map((post) => showPost(simulation.world, post))
}

export function state(simulation: Simulation): Snapshot {
  return snapshot(simulation, BRAND.id)
}

/** What was given, without the keys that are there but undefined. */
function given<T extends object>(input: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}
