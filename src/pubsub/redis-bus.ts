import type { Logger } from 'pino'
import type { Bus, Doorbell } from './bus.ts'
import { decodeDoorbell, encodeDoorbell } from './doorbell.ts'
import { Listeners } from './listeners.ts'
import { openRedis } from './redis-connection.ts'

export interface RedisBusOptions {
  /** redis:// or rediss:// (TLS), with user and password if need be. */
  readonly url: string
  /** Deployments that share a Redis take different ones. */
  readonly channel?: string
  readonly logger?: Logger | undefined
}

/** Since the start of the process, for the metrics. */
interface BusCounters {
  /** Bells handed to Redis. */
  readonly rung: number
  /** Bells received from Redis. */
  readonly heard: number
  /** Bells that Redis did not take (it was down, slow, or refused); the others' poll of the log makes up for them. */
  readonly dropped: number
  /** Messages on the channel that were no bells of our version. */
  readonly malformed: number
}

export interface RedisBus extends Bus {
  counters(): BusCounters
}

/** Bells under way to a Redis that is slow to answer; above it they are dropped, so that memory stays bounded. */
const MAX_BYTES_UNDER_WAY = 8 * 1024 * 1024
/** After a refused SUBSCRIBE (an ACL, say). */
const SUBSCRIBE_AGAIN_MS = 1_000
/** How long `close` waits for bells under way. */
const FAREWELL_MS = 300

/**
 * The bus between processes: Redis pub/sub over two connections, for a connection that subscribes may not publish
 * (RESP2). Bells of one process arrive in the order it rang them. Throws when the URL is not usable.
 */
export function createRedisBus({ url, channel = 'perch:doorbell', logger }: RedisBusOptions): RedisBus {
  const bells = new Listeners<[Doorbell]>(logger)
  const gaps = new Listeners<[]>(logger)
  const waiting = new Set<{ resolve(): void; reject(error: Error): void }>()
  const count = { rung: 0, heard: 0, dropped: 0, malformed: 0 }
  let subscribed = false
  let closed = false
  let bytesUnderWay = 0
  let last: Promise<unknown> = Promise.resolve()
  let retry: NodeJS.Timeout | undefined

  const healthy = () => subscribed && pub.ready()
  const settleReady = () => {
    if (!healthy()) return
    for (const { resolve } of waiting) resolve()
    waiting.clear()
  }

  const pub = openRedis({ url, name: 'perch-pub', logger, onReady: settleReady, onDown: () => undefined })
  const sub = openRedis({
    url,
    name: 'perch-sub',
    logger,
    // Only now: a SUBSCRIBE sent before `ready` can get lost without an error.
    onReady: subscribe,
    onDown: () => {
      subscribed = false
    },
  })

  function subscribe(): void {
    clearTimeout(retry)
    sub.redis.subscribe(channel).then(
      () => {
        if (closed) return
        subscribed = true
        settleReady()
        // The first time, too: who listened before this moment has heard nothing yet.
        gaps.emit()
      },
      (error: Error) => {
        if (closed || !sub.ready()) return
        logger?.warn({ reason: error.message }, 'Redis refuses the subscription, trying again')
        retry = setTimeout(subscribe, SUBSCRIBE_AGAIN_MS)
      },
    )
  }

  sub.redis.on('message', (_channel: string, text: string) => {
    if (closed) return
    const bell = decodeDoorbell(text)
    if (bell !== undefined) {
      count.heard += 1
      bells.emit(bell)
      return
    }
    count.malformed += 1
    if (count.malformed === 1)
      logger?.warn(
        { channel, bytes: text.length },
        'dropped a message that is no doorbell of this version; further ones are only counted',
      )
  })

  /** A bell that cannot leave still rings in its own house. */
  const drop = (bell: Doorbell) => {
    count.dropped += 1
    bells.emit(bell)
  }

  return {
    async ring(bell) {
      if (closed) return
      if (!pub.ready() || bytesUnderWay > MAX_BYTES_UNDER_WAY) return drop(bell)
      const text = encodeDoorbell(bell)
      bytesUnderWay += text.length
      try {
        const sent = pub.redis.publish(channel, text)
        last = sent
        await sent
        count.rung += 1
        if (!subscribed && !closed) bells.emit(bell)
      } catch {
        if (!closed) drop(bell)
      } finally {
        bytesUnderWay -= text.length
      }
    },
    listen: (listener) => bells.add(listener),
    onGap: (listener) => gaps.add(listener),
    async ready() {
      if (closed) throw new Error('The bus is closed.')
      if (!healthy()) await new Promise<void>((resolve, reject) => waiting.add({ resolve, reject }))
    },
    healthy: () => !closed && healthy(),
    counters: () => ({ ...count }),
    async close() {
      if (closed) return
      closed = true
      clearTimeout(retry)
      bells.clear()
      gaps.clear()
      for (const { reject } of waiting) reject(new Error('The bus was closed before Redis could be reached.'))
      waiting.clear()
      sub.close()
      if (pub.ready()) await within(FAREWELL_MS, last)
      pub.close()
    },
  }
}

/** Resolves when `promise` has settled either way, at the latest after `ms`. */
async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([promise.catch(() => undefined), late])
  clearTimeout(timer)
}
