import { PerchError } from '../domain/errors.ts'
import type { Viewer } from '../schema/context.ts'
import type { Authenticator } from './auth.ts'
import { tooMuch } from './documents.ts'
import type { Limits } from './limits.ts'

/** One operation under way. */
export interface Operation {
  /** Aborts with a PerchError when the operation must end and the client be told, with anything else when it has left. */
  readonly signal: AbortSignal
  /** Counts it as a subscription. Throws Refused when the user has too many. */
  stream(): void
  /** The client has left, or wants no more. */
  cancel(): void
  /** It is over; frees its place. May be called again. */
  finish(): void
}

/** A token's stay: one socket, or one HTTP request. Everything that runs on its authority hangs on it. */
export interface Session {
  /** Who it belongs to, as of a moment ago: their access and groups are looked at again while it lives. */
  readonly viewer: Viewer | null
  /** A place for an operation. Throws Refused beyond the limit, PerchError when the session has ended. */
  begin(): Operation
  /** Ends every operation with `reason`. */
  end(reason: PerchError): void
  /** The client has left: cancels every operation and forgets the session. May be called again. */
  close(): void
}

export interface Sessions {
  /**
   * Opens a session for what the client sent as its token. `ended` is told when the token expires, the user is
   * deactivated or loses the role, before the operations end. Throws PerchError when the token is no good.
   */
  open(authorization: string | undefined, ended?: (reason: PerchError) => void): Promise<Session>
  /** Subscriptions under way, for the metrics. */
  subscriptions(): number
  /** Ends all subscriptions with `reason`, and lets other operations finish. */
  endSubscriptions(reason: PerchError): void
  /** Ends everything, and opens no more. */
  dispose(reason: PerchError): void
}

/** How often tokens and users are looked at again, in milliseconds: an expiry takes hold within this time. */
const SWEEP_MS = 400

interface Live extends Session {
  readonly expiresAt: number
  readonly running: ReadonlySet<Running>
  expire(reason: PerchError): void
  renew(viewer: Viewer): void
}

interface Running extends Operation {
  streaming: boolean
  readonly controller: AbortController
}

/**
 * Keeps the sessions of this process. One timer looks at all of them; a timer per socket would cost more and could
 * not say anything about users. Times of expiry are the wall clock's, as RFC 7519 has it.
 */
export function createSessions(authenticator: Authenticator, limits: Limits): Sessions {
  const live = new Set<Live>()
  const perUser = new Map<string, number>()
  let streams = 0
  let stopped: PerchError | undefined
  let checking = false

  const count = (viewer: Viewer | null, change: 1 | -1): void => {
    streams += change
    if (!viewer) return
    const now = (perUser.get(viewer.userId) ?? 0) + change
    if (now === 0) perUser.delete(viewer.userId)
    else perUser.set(viewer.userId, now)
  }

  const sweep = setInterval(() => {
    const now = Date.now()
    for (const session of live) {
      if (session.expiresAt <= now) session.expire(new PerchError('TOKEN_EXPIRED', 'The token has expired.'))
    }
    if (checking) return
    checking = true
    void checkViewers(live, authenticator).finally(() => {
      checking = false
    })
  }, SWEEP_MS)
  sweep.unref()

  return {
    async open(authorization, ended) {
      const { viewer, expiresAt } = await authenticator.authenticate(authorization)
      if (stopped) throw stopped
      const session = createSession(viewer, expiresAt?.getTime() ?? Number.POSITIVE_INFINITY, ended)
      live.add(session)
      return session
    },
    subscriptions: () => streams,
    endSubscriptions(reason) {
      for (const session of live) {
        for (const operation of [...session.running]) if (operation.streaming) operation.controller.abort(reason)
      }
    },
    dispose(reason) {
      stopped = reason
      clearInterval(sweep)
      for (const session of [...live]) session.end(reason)
    },
  }

  function createSession(opened: Viewer | null, expiresAt: number, ended?: (reason: PerchError) => void): Live {
    let viewer = opened
    const running = new Set<Running>()
    let over: PerchError | undefined
    const session: Live = {
      get viewer() {
        return viewer
      },
      renew(current) {
        viewer = current
      },
      expiresAt,
      running,
      begin() {
        if (over) throw over
        if (running.size >= limits.operationsPerSocket) throw tooMuch('operationsPerSocket', limits.operationsPerSocket)
        const controller = new AbortController()
        const operation: Running = {
          controller,
          signal: controller.signal,
          streaming: false,
          stream() {
            if (viewer && (perUser.get(viewer.userId) ?? 0) >= limits.subscriptionsPerUser) {
              throw tooMuch('subscriptionsPerUser', limits.subscriptionsPerUser)
            }
            operation.streaming = true
            count(viewer, 1)
          },
          cancel() {
            controller.abort()
          },
          finish() {
            if (!running.delete(operation)) return
            if (operation.streaming) count(viewer, -1)
          },
        }
        running.add(operation)
        return operation
      },
      expire(reason) {
        ended?.(reason)
        session.end(reason)
      },
      end(reason) {
        over ??= reason
        live.delete(session)
        for (const operation of [...running]) operation.controller.abort(reason)
      },
      close() {
        over ??= new PerchError('UNAVAILABLE', 'The connection is closed.')
        live.delete(session)
        for (const operation of [...running]) operation.cancel()
      },
    }
    return session
  }
}

/** Asks once per user, role and kind of session, a few at a time, so that a thousand sockets of one agent cost one look-up. */
async function checkViewers(live: ReadonlySet<Live>, authenticator: Authenticator): Promise<void> {
  const groups = new Map<string, { viewer: Viewer; sessions: Live[] }>()
  for (const session of live) {
    if (!session.viewer) continue
    const { role, userId, session: generation = '' } = session.viewer
    const key = `${role} ${userId} ${generation}`
    const group = groups.get(key)
    if (group) group.sessions.push(session)
    else groups.set(key, { viewer: session.viewer, sessions: [session] })
  }
  const waiting = [...groups.values()]
  const worker = async (): Promise<void> => {
    for (let group = waiting.pop(); group; group = waiting.pop()) {
      // A database that cannot be asked ends nobody's session; new ones are refused meanwhile.
      const { viewer } = group
      const current = await authenticator.renew(viewer).catch(() => viewer)
      if (current) {
        for (const session of group.sessions) session.renew(current)
        continue
      }
      const reason = new PerchError(
        'UNAUTHENTICATED',
        'The user was deactivated, has lost the role, or has signed out.',
      )
      for (const session of group.sessions) session.expire(reason)
    }
  }
  await Promise.all(Array.from({ length: 8 }, worker))
}
