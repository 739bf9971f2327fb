import type { ServerResponse } from 'node:http'
import type { IdSource } from '../core/ids.ts'
import type { Random } from '../core/random.ts'
import type { Policy } from '../core/settings.ts'
import type { Grants } from '../oauth/grants.ts'
import type { Happening } from '../world/model.ts'
import type { World } from '../world/world.ts'
import { scopeNeeded } from './event-types.ts'
import { tell } from './events.ts'
import type { Filter } from './told.ts'

export interface Subscription {
  readonly id: string
  readonly clientId: string
  readonly eventType: string
  readonly filter: Filter
  readonly createdAt: Date
  updatedAt: Date
  tag: string | undefined
  webhookId: string | undefined
}

/** How streams and webhooks misbehave. */
export interface StreamMode {
  /** How likely an event is told twice, 0 to 1. */
  duplicates: number
  /** Events of so many milliseconds are told in a random order; 0 keeps them in order. */
  disorderMs: number
  delayMs: number
  /** The connection stays open and says nothing, keep-alives included: a dead peer. Backfill knows the events. */
  silent: boolean
  /** Events vanish: no stream and no webhook is told, and backfill does not know them either. */
  lost: boolean
}

const WELL_BEHAVED: StreamMode = { duplicates: 0, disorderMs: 0, delayMs: 0, silent: false, lost: false }
/** X backfills at most five minutes. */
const KEPT_MS = 5 * 60_000
/** X hangs up on a client that reads too slowly: one that has been so far behind … */
const MAX_BEHIND_BYTES = 8 * 1024 * 1024
/** … for so long. A burst or a backfill is written faster than anybody can read. */
const MAX_BEHIND_MS = 20_000

interface Connection {
  readonly clientId: string
  readonly response: ServerResponse
  readonly streamed: (line: unknown) => void
  readonly keepAlive: NodeJS.Timeout
  /** Since when it is too far behind, by performance.now(). */
  behindSince: number | undefined
}

interface Told {
  readonly at: number
  readonly clientId: string
  readonly event: unknown
  readonly line: string
  /** Where the subscription wants it taken, besides the streams. */
  readonly webhookId: string | undefined
}

interface Parts {
  readonly world: World
  readonly grants: Grants
  readonly ids: IdSource
  readonly random: Random
  readonly now: () => Date
  readonly policy: Policy
  /** Takes the event to a subscription's webhook. */
  readonly deliver: (webhookId: string, body: string) => void
}

/** Subscriptions of the Activity API, and the streams that tell their events. */
export class ActivityHub {
  readonly subscriptions = new Map<string, Subscription>()
  readonly mode: StreamMode = { ...WELL_BEHAVED }
  /** Connections that there ever were. */
  opened = 0
  readonly #parts: Parts
  readonly #connections = new Set<Connection>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #log: Told[] = []
  #held: Told[] = []

  constructor(parts: Parts) {
    this.#parts = parts
    parts.world.listen((happening) => this.#hear(happening))
  }

  connections(clientId?: string): number {
    return [...this.#connections].filter((each) => clientId === undefined || each.clientId === clientId).length
  }

  /** Takes over a response whose headers are sent, and first tells the last minutes again. */
  connect(
    clientId: string,
    response: ServerResponse,
    backfillMinutes: number,
    streamed: (line: unknown) => void,
  ): void {
    const keepAlive = setInterval(() => {
      if (!this.mode.silent) response.write('\r\n')
    }, this.#parts.policy.keepAliveMs)
    keepAlive.unref()
    const connection: Connection = { clientId, response, streamed, keepAlive, behindSince: undefined }
    this.#connections.add(connection)
    this.opened += 1
    response.on('close', () => {
      clearInterval(keepAlive)
      this.#connections.delete(connection)
    })
    const since = this.#parts.now().getTime() - backfillMinutes * 60_000
    // X does not leave out what was told before the connection broke: backfill may repeat.
    for (const told of this.#log) if (told.clientId === clientId && told.at > since) this.#write(connection, told)
  }

  /** Breaks streams without a goodbye; `midLine` leaves half an event behind. */
  drop(options: { readonly clientId?: string | undefined; readonly midLine?: boolean | undefined } = {}): number {
    const hit = [...this.#connections].filter(
      ({ clientId }) => options.clientId === undefined || clientId === options.clientId,
    )
    for (const { response } of hit) {
      if (options.midLine) response.write('{"data":{"event_uuid":"1","payl', () => response.destroy())
      else response.destroy()
    }
    return hit.length
  }

  /** Tells the last minutes again on the open streams, as if nothing had been told. Gives how many events. */
  replay(minutes: number, clientId?: string): number {
    const since = this.#parts.now().getTime() - minutes * 60_000
    const again = this.#log.filter((told) => told.at > since && (clientId === undefined || told.clientId === clientId))
    for (const told of again) this.#writeToStreams(told)
    return again.length
  }

  setMode(mode: Partial<StreamMode>): void {
    Object.assign(this.mode, mode)
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.drop()
  }

  #hear(happening: Happening): void {
    const { world, ids, now } = this.#parts
    if (this.mode.lost) return
    for (const subscription of this.subscriptions.values()) {
      const { clientId, eventType, filter, tag, webhookId } = subscription
      if (happening.kind === 'revoke' && happening.clientId !== clientId) continue
      const told = tell(world, happening, eventType, filter)
      if (!told || !this.#mayHear(subscription)) continue
      const event = {
        data: {
          event_uuid: uuidOf(happening, eventType, ids),
          filter,
          event_type: eventType,
          ...(tag !== undefined && { tag }),
          ...told,
        },
      }
      const line = JSON.stringify(event)
      this.#send({ at: now().getTime(), clientId, event: JSON.parse(line), line, webhookId })
    }
  }

  /** Private events end with the consent that allowed them. */
  #mayHear({ clientId, eventType, filter }: Subscription): boolean {
    const scope = scopeNeeded(eventType)
    if (scope === undefined) return true
    return this.#parts.grants.scopesOf(filter.user_id ?? '', clientId)?.has(scope) === true
  }

  #send(told: Told): void {
    const oldest = told.at - KEPT_MS
    if ((this.#log[0]?.at ?? told.at) < oldest) this.#log = this.#log.filter(({ at }) => at >= oldest)
    this.#log.push(told)
    const copies = this.#parts.random.chance(this.mode.duplicates) ? [told, told] : [told]
    if (this.mode.disorderMs === 0) {
      this.#later(copies)
      return
    }
    if (this.#held.length === 0) {
      this.#after(this.mode.disorderMs, () => {
        const held = this.#held
        this.#held = []
        this.#later(this.#parts.random.shuffle(held))
      })
    }
    this.#held.push(...copies)
  }

  #later(events: readonly Told[]): void {
    const write = () => {
      for (const told of events) {
        this.#writeToStreams(told)
        if (told.webhookId !== undefined) this.#parts.deliver(told.webhookId, told.line)
      }
    }
    if (this.mode.delayMs > 0) this.#after(this.mode.delayMs, write)
    else write()
  }

  #writeToStreams(told: Told): void {
    for (const connection of this.#connections) {
      if (connection.clientId === told.clientId) this.#write(connection, told)
    }
  }

  #write(connection: Connection, { line, event }: Told): void {
    const { response, streamed } = connection
    if (this.mode.silent) return
    if (response.writableLength <= MAX_BEHIND_BYTES) connection.behindSince = undefined
    else {
      connection.behindSince ??= performance.now()
      if (performance.now() - connection.behindSince > MAX_BEHIND_MS) {
        response.destroy()
        return
      }
    }
    response.write(`${line}\r\n`)
    streamed(event)
  }

  #after(delayMs: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      action()
    }, delayMs)
    this.#timers.add(timer)
  }
}

/**
 * As in X's example payloads: of a post and of a mention it is the post's id, so that two accounts that are mentioned
 * hear of one name; of all else it is a signed number of 64 bits.
 */
function uuidOf(happening: Happening, eventType: string, ids: IdSource): string {
  if (happening.kind === 'post' && ['post.create', 'post.mention.create'].includes(eventType)) return happening.post.id
  // Times an odd number: as different from each other as the ids are.
  return BigInt.asIntN(64, BigInt(ids.next()) * 0x9e37_79b9_7f4a_7c15n).toString()
}
