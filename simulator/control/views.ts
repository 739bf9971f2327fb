import type { Simulation } from '../core/simulation.ts'
import type { XPost, XUser } from '../world/model.ts'
import type { World } from '../world/world.ts'

/** A user as the control API shows it. */
export interface ControlUser {
  readonly id: string
  readonly username: string
  readonly name: string
  readonly followers: number
  readonly posts: number
  readonly verifiedType: string
  readonly protected: boolean
  readonly suspended: boolean
}

/** A post as the control API shows it; `text` as X shows it, `typed` as it was typed. */
export interface ControlPost {
  readonly id: string
  readonly from: string
  readonly authorId: string
  readonly typed: string
  readonly text: string
  readonly conversationId: string
  readonly inReplyTo: string | null
  readonly quoteOf: string | null
  readonly repostOf: string | null
  /** Ids of all versions, oldest first. */
  readonly versions: readonly string[]
  readonly createdAt: string
}

export interface Snapshot {
  readonly now: string
  readonly seed: number
  readonly brand: ControlUser | null
  readonly users: number
  readonly posts: number
  readonly received: number
  readonly apps: readonly string[]
  readonly subscriptions: readonly { id: string; clientId: string; eventType: string; userId: string | null }[]
  readonly streams: number
  /** Streams that were ever opened. */
  readonly streamsOpened: number
  readonly webhooks: readonly { id: string; url: string; valid: boolean; delivered: number; failed: number }[]
  readonly faults: readonly unknown[]
  readonly streamMode: object
  readonly policy: object
  readonly trafficPerMinute: number
}

export const showUser = (user: XUser): ControlUser => ({
  id: user.id,
  username: user.username,
  name: user.name,
  followers: user.followers,
  posts: user.posts,
  verifiedType: user.verifiedType,
  protected: user.protected,
  suspended: user.suspended,
})

export const showPost = (world: World, post: XPost): ControlPost => ({
  id: post.id,
  from: world.users.get(post.authorId)?.username ?? post.authorId,
  authorId: post.authorId,
  typed: post.typed,
  text: post.text,
  conversationId: post.conversationId,
  inReplyTo: post.inReplyTo?.postId ?? null,
  quoteOf: post.quoted?.postId ?? null,
  repostOf: post.reposted?.postId ?? null,
  versions: [...post.history],
  createdAt: post.createdAt.toISOString(),
})

export function snapshot(simulation: Simulation, brandId: string): Snapshot {
  const { world, activity, webhooks, faults, policy, traffic } = simulation
  const brand = world.users.get(brandId)
  return {
    now: simulation.now().toISOString(),
    seed: simulation.seed,
    brand: brand ? showUser(brand) : null,
    users: world.users.size,
    posts: world.timeline.length,
    received: simulation.received.length,
    apps: [...simulation.apps.keys()],
    subscriptions: [...activity.subscriptions.values()].map(({ id, clientId, eventType, filter }) => ({
      id,
      clientId,
      eventType,
      userId: filter.user_id ?? null,
    })),
    streams: activity.connections(),
    streamsOpened: activity.opened,
    webhooks: webhooks.all().map(({ id, url, valid, delivered, failed }) => ({ id, url, valid, delivered, failed })),
    faults: faults.list(),
    streamMode: { ...activity.mode },
    policy: { ...policy },
    trafficPerMinute: traffic.perMinute,
  }
}
