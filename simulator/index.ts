import type { AddressInfo } from 'node:net'
import { subscriptionRoutes } from './activity/subscription-routes.ts'
import { webhookRoutes } from './activity/webhook-routes.ts'
import { directMessageRoutes } from './api/direct-messages.ts'
import { likeRoutes } from './api/likes.ts'
import { postRoutes } from './api/posts.ts'
import { timelineRoutes } from './api/timelines.ts'
import { userRoutes } from './api/users.ts'
import { burst } from './control/burst.ts'
import * as chat from './control/chat-commands.ts'
import * as commands from './control/commands.ts'
import * as direct from './control/direct-commands.ts'
import { controlRoutes } from './control/routes.ts'
import type { Snapshot } from './control/views.ts'
import { createSimulation, type Simulation } from './core/simulation.ts'
import type { Exchange } from './http/exchange.ts'
import { createXServer } from './http/server.ts'
import { authorizeRoutes } from './oauth/authorize.ts'
import { tokenRoutes } from './oauth/token.ts'
import type { RealmsOptions } from './realms/index.ts'
import { BRAND } from './world/people.ts'
import { type ReplayLine, type ReplayOptions, replay } from './world/replay.ts'
import { chatRoutes } from './xchat/routes.ts'

export type { Snapshot } from './control/views.ts'
export { DEFAULT_APP } from './core/settings.ts'
export type { Exchange } from './http/exchange.ts'
export { BRAND } from './world/people.ts'

export interface SimulatorOptions {
  /** 0, the default, takes any free port. */
  readonly port?: number
  readonly host?: string
  readonly seed?: number
  /** X's clock: ids, expiries, windows. The pace of streams and traffic stays that of the real clock. */
  readonly clock?: () => Date
  /** How hard the realms make guessing; tests of other things take the fast one (X: Standard2019). */
  readonly pinHashingMode?: RealmsOptions['pinHashingMode']
  /** The PIN under which the brand sets XChat up again after every reset; absent: it does not. */
  readonly xchatPin?: string | undefined
  /** Told of every call under /2/ and of every line of a stream. */
  readonly onExchange?: (exchange: Exchange) => void
}

type Bound<Command> = Command extends (simulation: Simulation, ...rest: infer Rest) => infer Result
  ? (...rest: Rest) => Result
  : never

type Commands = Omit<typeof commands, 'CommandError' | 'state' | 'postOf' | 'userOf'> &
  typeof chat &
  typeof direct & { burst: typeof burst }

/** A running X. The methods do what the control API of the same name does (simulator/README.md). */
export type Simulator = { readonly [Name in keyof Commands]: Bound<Commands[Name]> } & {
  readonly url: string
  readonly port: number
  /** How things stand now. */
  readonly state: Snapshot
  /** Posts the lines of a replay file; rejects nothing, ends early when aborted or closed. */
  replay(lines: readonly ReplayLine[], options?: Partial<ReplayOptions>): Promise<string[]>
  /**
   * A fresh world of the same seed at once: posts, users, faults, subscriptions and revocations are gone. Resolves when
   * the brand has set XChat up again, if it is to.
   */
  reset(): Promise<void>
  close(): Promise<void>
}

/** Starts a simulator in this process. Rejects with the server's error, such as EADDRINUSE. */
export async function createSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { port = 0, host = '127.0.0.1', seed = 1, clock = () => new Date(), pinHashingMode, xchatPin } = options
  const create = () => createSimulation(seed, clock, pinHashingMode ? { pinHashingMode } : {})
  let simulation = create()
  const closings: Promise<void>[] = []
  const closing = new AbortController()
  const reset = async () => {
    closings.push(simulation.close())
    const fresh = create()
    simulation = fresh
    if (xchatPin === undefined) return
    await chat.setUpXChat(fresh, { user: BRAND.id, pin: xchatPin }).catch((error: unknown) => {
      // A world that the next reset or the end has taken away cannot be set up, and need not be.
      if (simulation === fresh && !closing.signal.aborted) throw error
    })
  }
  const server = createXServer({
    routes: [
      ...authorizeRoutes,
      ...tokenRoutes,
      ...userRoutes,
      ...timelineRoutes,
      ...postRoutes,
      ...likeRoutes,
      ...directMessageRoutes,
      ...subscriptionRoutes,
      ...webhookRoutes,
      ...chatRoutes,
      ...controlRoutes(reset),
    ],
    simulation: () => simulation,
    onExchange: options.onExchange,
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address() as AddressInfo
  const bind = <Rest extends unknown[], Result>(command: (simulation: Simulation, ...rest: Rest) => Result) => {
    return (...rest: Rest): Result => command(simulation, ...rest)
  }
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    port: address.port,
    get state() {
      return commands.state(simulation)
    },
    createUser: bind(commands.createUser),
    createPost: bind(commands.createPost),
    deletePost: bind(commands.deletePost),
    editPost: bind(commands.editPost),
    repost: bind(commands.repost),
    like: bind(commands.like),
    unlike: bind(commands.unlike),
    follow: bind(commands.follow),
    unfollow: bind(commands.unfollow),
    sendDirectMessage: bind(direct.sendDirectMessage),
    directMessages: bind(direct.directMessages),
    refuseMessages: bind(direct.refuseMessages),
    createDirectGroup: bind(direct.createDirectGroup),
    joinDirectGroup: bind(direct.joinDirectGroup),
    leaveDirectGroup: bind(direct.leaveDirectGroup),
    registerApp: bind(commands.registerApp),
    authorize: bind(commands.authorize),
    issueTokens: bind(commands.issueTokens),
    revoke: bind(commands.revoke),
    addFault: bind(commands.addFault),
    clearFaults: bind(commands.clearFaults),
    dropStreams: bind(commands.dropStreams),
    replayStreams: bind(commands.replayStreams),
    setStreamMode: bind(commands.setStreamMode),
    setRateLimit: bind(commands.setRateLimit),
    setPolicy: bind(commands.setPolicy),
    setTraffic: bind(commands.setTraffic),
    received: bind(commands.received),
    users: bind(commands.users),
    posts: bind(commands.posts),
    changePassword: bind(commands.changePassword),
    suspend: bind(commands.suspend),
    block: bind(commands.block),
    setUpXChat: bind(chat.setUpXChat),
    changeXChatPin: bind(chat.changeXChatPin),
    sendChatMessage: bind(chat.sendChatMessage),
    createChatGroup: bind(chat.createChatGroup),
    chatMessages: bind(chat.chatMessages),
    setRealmFault: bind(chat.setRealmFault),
    exhaustXChat: bind(chat.exhaustXChat),
    xchatGuesses: bind(chat.xchatGuesses),
    burst: bind(burst),
    reset,
    async replay(lines, { speed = 0, signal } = {}) {
      const either = signal ? AbortSignal.any([signal, closing.signal]) : closing.signal
      const made = await replay(simulation.world, lines, { speed, signal: either })
      return made.map(({ id }) => id)
    },
    async close() {
      closing.abort()
      closings.push(simulation.close())
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
      await Promise.all(closings)
    },
  }
}
