import { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { Outage } from './outage.ts'

/** Attempts to reconnect wait 25 ms, then twice as long each time, at most this long; there is no last attempt. */
const MAX_RECONNECT_DELAY_MS = 1_000
/** A dead peer that sends no FIN (a pulled cable) is noticed within PING_EVERY_MS + SILENCE_MS. */
const PING_EVERY_MS = 2_000
const SILENCE_MS = 3_000
/** Who waits for a command waits this long at most, also for a peer that is dead but not yet known to be. */
const ANSWER_MS = 1_000

export interface RedisConnection {
  readonly redis: Redis
  /** True while commands can be sent. */
  ready(): boolean
  /** Drops the connection and stops trying. Returns at once. */
  close(): void
}

export interface RedisConnectionOptions {
  readonly url: string
  /** Shown by CLIENT LIST and in the log. */
  readonly name: string
  readonly logger?: Logger | undefined
  /** After each connect, once commands are accepted. */
  readonly onReady: () => void
  readonly onDown: () => void
}

/**
 * One connection that never gives up and never hoards: while it is down, commands fail at once instead of
 * queueing, and what was under way when it broke fails too.
 * Throws when `url` is no redis:// or rediss:// URL; the message does not repeat it, for it may hold a password.
 */
export function openRedis({ url, name, logger, onReady, onDown }: RedisConnectionOptions): RedisConnection {
  if (!/^rediss?:\/\//i.test(url) || !URL.canParse(url))
    throw new Error('The Redis URL must look like redis://[user:password@]host[:port][/db], or rediss:// for TLS.')
  const outage = new Outage(`Redis connection ${name}`, logger)
  const redis = new Redis(url, {
    connectionName: name,
    retryStrategy: (attempt) => Math.min(MAX_RECONNECT_DELAY_MS, 25 * 2 ** Math.min(attempt - 1, 10)),
    connectTimeout: 2_000,
    disconnectTimeout: 100,
    commandTimeout: ANSWER_MS,
    socketTimeout: SILENCE_MS,
    enableOfflineQueue: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  })
  let closed = false
  redis.on('error', (error: Error) => {
    if (!closed) outage.failed(error)
  })
  redis.on('close', () => {
    if (closed) return
    outage.failed('connection closed')
    onDown()
  })
  redis.on('ready', () => {
    if (closed) return
    outage.ended()
    onReady()
  })
  const ready = () => redis.status === 'ready'
  // The answer is of no interest: silence makes `socketTimeout` end the connection, and that reconnects.
  const heartbeat = setInterval(() => {
    if (ready()) redis.ping().catch(() => undefined)
  }, PING_EVERY_MS)
  return {
    redis,
    ready,
    close() {
      closed = true
      clearInterval(heartbeat)
      redis.disconnect()
    },
  }
}
