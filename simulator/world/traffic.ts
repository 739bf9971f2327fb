import type { Random } from '../core/random.ts'
import type { XPost, XUser } from './model.ts'
import { BRAND } from './people.ts'
import { answer, bystander, followUp, mention, praise } from './phrases.ts'
import type { World } from './world.ts'

const REMEMBERED_THREADS = 25
/** How often a post is followed by a classic direct message, or by a post that the brand likes. */
const MESSAGES = 0.12
const LIKES = 0.08

/** Writes an encrypted message. */
export type Whisper = (from: XUser, to: XUser, text: string) => void

/** Customers who keep writing to the brand. Texts and people come from the seed, the pace from `start`. */
export class Traffic {
  readonly #world: World
  readonly #random: Random
  /** A stream of its own: messages and likes do not change which posts there are. */
  readonly #asides: Random
  readonly #threads: XPost[] = []
  readonly #onXChat: (userId: string) => boolean
  readonly #whisper: Whisper
  #timer: NodeJS.Timeout | undefined
  #perMinute = 0

  constructor(world: World, random: Random, xchat: { has(userId: string): boolean; write: Whisper }) {
    this.#world = world
    this.#random = random
    this.#asides = random.fork('asides')
    this.#onXChat = xchat.has
    this.#whisper = xchat.write
  }

  get perMinute(): number {
    return this.#perMinute
  }

  /** Posts a minute on average; 0 stops. The first comes at once, so that a first run shows something. */
  start(perMinute: number): void {
    clearTimeout(this.#timer)
    this.#perMinute = perMinute
    if (perMinute > 0) this.#schedule(Math.min(500, 60_000 / perMinute))
  }

  stop(): void {
    this.start(0)
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.say()
      this.#aside()
      // Between half and one and a half of the mean: people are not a metronome.
      this.#schedule((60_000 / this.#perMinute) * (0.5 + this.#random.next()))
    }, delayMs)
    this.#timer.unref()
  }

  /** One more: a post, or, now and then, an encrypted message to a brand that has set XChat up. */
  say(): void {
    const brand = this.#world.users.get(BRAND.id)
    if (!brand || !this.#onXChat(brand.id) || !this.#random.chance(0.1)) return void this.post()
    const customers = [...this.#world.users.values()].filter(({ id }) => id !== brand.id)
    if (customers.length === 0) return
    const text = mention(this.#random, brand.username).replace(`@${brand.username}`, brand.name)
    this.#whisper(this.#random.pick(customers), brand, text)
  }

  /** Now and then, beside the posts: a direct message to the brand, or a post without its @name that it likes. */
  #aside(): void {
    const random = this.#asides
    const brand = this.#world.users.get(BRAND.id)
    const customers = [...this.#world.users.values()].filter(({ id, protected: hidden }) => id !== BRAND.id && !hidden)
    if (!brand || customers.length === 0) return
    const draw = random.next()
    const customer = random.pick(customers)
    if (draw < MESSAGES) {
      const text = mention(random, brand.username).replace(`@${brand.username}`, brand.name)
      this.#world.directMessages.send(customer.id, this.#world.directMessages.between(customer.id, brand.id), { text })
    } else if (draw < MESSAGES + LIKES) {
      this.#world.like(brand, this.#world.addPost({ author: customer, typed: praise(random, brand.name) }))
    }
  }

  /** One post, now: mostly a new complaint, sometimes the next post of a thread. Undefined without customers. */
  post(): XPost | undefined {
    const random = this.#random
    const brand = this.#world.users.get(BRAND.id)
    const customers = [...this.#world.users.values()].filter(({ id, protected: hidden }) => id !== BRAND.id && !hidden)
    if (!brand || customers.length === 0) return undefined
    const living = this.#threads.filter(({ id }) => this.#world.posts.has(id))
    const thread = living.length > 0 && random.chance(0.3) ? random.pick(living) : undefined
    const post = thread
      ? this.#goOn(thread, brand, customers)
      : this.#world.addPost({ author: random.pick(customers), typed: mention(random, brand.username) })
    const place = thread ? this.#threads.indexOf(thread) : -1
    if (place >= 0) this.#threads.splice(place, 1, post)
    else this.#threads.push(post)
    if (this.#threads.length > REMEMBERED_THREADS) this.#threads.shift()
    return post
  }

  #goOn(last: XPost, brand: XUser, customers: readonly XUser[]): XPost {
    const random = this.#random
    const root = this.#world.posts.get(last.conversationId)
    const owner = root && this.#world.users.get(root.authorId)
    if (owner && last.authorId === owner.id && random.chance(0.25)) {
      return this.#world.addPost({ author: brand, typed: answer(random), inReplyTo: last })
    }
    if (owner && random.chance(0.8)) {
      return this.#world.addPost({ author: owner, typed: followUp(random), inReplyTo: last })
    }
    return this.#world.addPost({ author: random.pick(customers), typed: bystander(random), inReplyTo: last })
  }
}
