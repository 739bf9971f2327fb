import { ActivityHub } from '../activity/hub.ts'
import { Webhooks } from '../activity/webhooks.ts'
import { Faults } from '../http/faults.ts'
import { RateLimiter } from '../http/rate-limiter.ts'
import { Grants } from '../oauth/grants.ts'
import type { RealmsOptions } from '../realms/index.ts'
import type { XPost } from '../world/model.ts'
import { BRAND, customers } from '../world/people.ts'
import { Traffic } from '../world/traffic.ts'
import { World } from '../world/world.ts'
import { XChat } from '../xchat/index.ts'
import { createIds, type IdSource } from './ids.ts'
import { createRandom, type Random } from './random.ts'
import { type App, DEFAULT_APP, DEFAULT_POLICY, type Policy } from './settings.ts'

const CUSTOMERS = 40

/** A post that an app made by POST /2/tweets. */
export interface Received {
  readonly post: XPost
  readonly clientId: string
}

/** One X: all that it knows and does, without the HTTP around it. */
export interface Simulation {
  readonly seed: number
  readonly now: () => Date
  readonly ids: IdSource
  /** For texts and people of bursts; traffic has a stream of its own. */
  readonly random: Random
  readonly world: World
  readonly apps: Map<string, App>
  readonly policy: Policy
  readonly grants: Grants
  readonly limiter: RateLimiter
  readonly faults: Faults
  readonly activity: ActivityHub
  readonly webhooks: Webhooks
  readonly traffic: Traffic
  readonly received: Received[]
  readonly xchat: XChat
  /** Ends all that it started, processes included. */
  close(): Promise<void>
}

/** The seeded world: the brand @acme and its customers, one app, no posts yet. */
export function createSimulation(seed: number, now: () => Date, realms: RealmsOptions = {}): Simulation {
  const random = createRandom(seed)
  const ids = createIds(now)
  const world = new World(ids, now)
  world.addUser(BRAND)
  for (const customer of customers(random.fork('people'), CUSTOMERS)) world.addUser(customer)
  const policy: Policy = { ...DEFAULT_POLICY }
  const grants = new Grants(seed, now, ids, policy)
  const webhooks = new Webhooks(ids, random.fork('webhooks'), now, policy)
  const activity = new ActivityHub({
    world,
    grants,
    ids,
    random: random.fork('activity'),
    now,
    policy,
    deliver: (webhookId, body) => void webhooks.deliver(webhookId, body),
  })
  const xchat = new XChat(ids, now, (chat) => world.tell({ kind: 'chat', chat }), realms)
  const traffic = new Traffic(world, random.fork('traffic'), {
    has: (userId) => xchat.server.keys.has(userId),
    // Whoever closes the simulator meanwhile does not wait for it.
    write: (from, to, text) => void xchat.people.send(from.id, to.id, { text }).catch(() => {}),
  })
  return {
    seed,
    now,
    ids,
    random: random.fork('control'),
    world,
    apps: new Map([[DEFAULT_APP.clientId, DEFAULT_APP]]),
    policy,
    grants,
    limiter: new RateLimiter(now),
    faults: new Faults(),
    activity,
    webhooks,
    traffic,
    received: [],
    xchat,
    async close() {
      traffic.stop()
      activity.close()
      webhooks.close()
      await xchat.close()
    },
  }
}
