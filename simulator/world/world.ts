import { compareIds, type IdSource } from '../core/ids.ts'
import { DirectMessages } from './direct-messages.ts'
import type { Happening, VerifiedType, XPost, XUser } from './model.ts'
import { newPost, whyUneditable } from './post.ts'
import { compose, composeRepost } from './text.ts'

export interface UserDraft {
  readonly id?: string | undefined
  readonly username: string
  readonly name?: string | undefined
  readonly description?: string | undefined
  readonly location?: string | undefined
  readonly createdAt?: Date | undefined
  readonly followers?: number | undefined
  readonly following?: number | undefined
  readonly posts?: number | undefined
  readonly verifiedType?: VerifiedType | undefined
  readonly protected?: boolean | undefined
  readonly suspended?: boolean | undefined
}

export interface PostDraft {
  readonly author: XUser
  readonly typed: string
  readonly inReplyTo?: XPost | undefined
  readonly quoteOf?: XPost | undefined
  /** When it is said to have been made; now when absent. */
  readonly at?: Date | undefined
}

export interface Like {
  /** Rises with time. */
  readonly id: string
  readonly post: XPost
}

/** Users, posts and likes, in memory. Whoever listens hears of every change after it is made. */
export class World {
  readonly users = new Map<string, XUser>()
  /** Earlier versions included. */
  readonly posts = new Map<string, XPost>()
  /** Living posts in their newest version, oldest first. */
  readonly timeline: XPost[] = []
  readonly directMessages: DirectMessages
  readonly #byName = new Map<string, XUser>()
  /** Whom each user follows; of a protected user these are the followers they approved. */
  readonly #following = new Map<string, Set<string>>()
  readonly #blocking = new Map<string, Set<string>>()
  /** By user, oldest first. */
  readonly #likes = new Map<string, Like[]>()
  readonly #mentioning = new Map<string, XPost[]>()
  readonly #listeners = new Set<(happening: Happening) => void>()
  readonly #ids: IdSource
  readonly #now: () => Date

  constructor(ids: IdSource, now: () => Date) {
    this.#ids = ids
    this.#now = now
    this.directMessages = new DirectMessages(ids, now, (event) => this.tell({ kind: 'message', event }))
  }

  listen(listener: (happening: Happening) => void): void {
    this.#listeners.add(listener)
  }

  tell(happening: Happening): void {
    for (const listener of this.#listeners) listener(happening)
  }

  /** By id or by username (any case, with or without the @). */
  findUser(idOrName: string): XUser | undefined {
    return this.users.get(idOrName) ?? this.#byName.get(idOrName.replace(/^@/, '').toLowerCase())
  }

  /** Throws when the name or the id is taken. */
  addUser(draft: UserDraft): XUser {
    const key = draft.username.toLowerCase()
    if (this.#byName.has(key)) throw new Error(`@${draft.username} exists already`)
    const createdAt = draft.createdAt ?? this.#now()
    const id = draft.id ?? this.#ids.next()
    if (this.users.has(id)) throw new Error(`a user with id ${id} exists already`)
    const user: XUser = {
      id,
      username: draft.username,
      name: draft.name ?? draft.username,
      description: draft.description ?? '',
      location: draft.location ?? '',
      createdAt,
      profileImageUrl: `https://pbs.twimg.com/profile_images/${id}/simulated_normal.png`,
      verifiedType: draft.verifiedType ?? 'none',
      protected: draft.protected ?? false,
      suspended: draft.suspended ?? false,
      refusesMessages: false,
      followers: draft.followers ?? 0,
      following: draft.following ?? 0,
      listed: Math.floor((draft.followers ?? 0) / 200),
      likes: 0,
      posts: draft.posts ?? 0,
    }
    this.users.set(id, user)
    this.#byName.set(key, user)
    return user
  }

  addPost({ author, typed, inReplyTo, quoteOf, at }: PostDraft): XPost {
    const id = at ? this.#ids.at(at) : this.#ids.next()
    const createdAt = at ?? this.#now()
    const post: XPost = {
      ...newPost(id, author, createdAt),
      typed,
      ...compose(typed, author, inReplyTo, (idOrName) => this.findUser(idOrName)),
      conversationId: inReplyTo?.conversationId ?? id,
      inReplyTo: inReplyTo && { postId: inReplyTo.id, userId: inReplyTo.authorId },
      quoted: quoteOf && { postId: quoteOf.id, userId: quoteOf.authorId },
    }
    this.#show(post)
    author.posts += 1
    if (inReplyTo) inReplyTo.replies += 1
    if (quoteOf) quoteOf.quotes += 1
    this.tell({ kind: 'post', post })
    return post
  }

  /** A new version, under a new id, in the place of the newest; throws when X would not let it be edited. */
  editPost(post: XPost, typed: string): XPost {
    const newest = this.newestOf(post)
    const author = this.users.get(newest.authorId)
    const problem = whyUneditable(newest, this.#now())
    if (!author || problem !== undefined) throw new Error(problem ?? 'its author is gone')
    const parent = newest.inReplyTo && this.posts.get(newest.inReplyTo.postId)
    const edited: XPost = {
      ...newest,
      id: this.#ids.next(),
      createdAt: this.#now(),
      typed,
      ...compose(typed, author, parent, (idOrName) => this.findUser(idOrName)),
    }
    edited.history.push(edited.id)
    this.#hide(newest)
    this.#show(edited)
    this.tell({ kind: 'post', post: edited })
    return edited
  }

  /** The original under another's name; throws when they have reposted it already, or may not. */
  repost(user: XUser, post: XPost): XPost {
    const original = this.newestOf(this.posts.get(post.reposted?.postId ?? post.id) ?? post)
    const author = this.users.get(original.authorId)
    if (!author || (author.protected && author !== user))
      throw new Error('posts of protected accounts are not reposted')
    if (this.#repostsOf(original).some(({ authorId }) => authorId === user.id))
      throw new Error('it is reposted already')
    const repost: XPost = {
      ...newPost(this.#ids.next(), user, this.#now()),
      ...composeRepost(original, author, (idOrName) => this.findUser(idOrName)),
      reposted: { postId: original.id, userId: original.authorId },
    }
    this.#show(repost)
    user.posts += 1
    original.reposts += 1
    this.tell({ kind: 'post', post: repost })
    return repost
  }

  /** The version that lists and searches show. */
  newestOf(post: XPost): XPost {
    return this.posts.get(post.history.at(-1) ?? post.id) ?? post
  }

  /** Posts of others that carry the user's @name, typed or as an auto-mention, oldest first; no reposts. */
  mentioning(userId: string): readonly XPost[] {
    return (this.#mentioning.get(userId) ?? []).filter(({ authorId }) => authorId !== userId)
  }

  /** With all its versions and reposts. False when there is no such post. */
  deletePost(id: string): boolean {
    const given = this.posts.get(id)
    if (!given) return false
    const post = this.newestOf(given)
    for (const repost of this.#repostsOf(post)) this.#forget(repost)
    this.#forget(post)
    const original = post.reposted && this.posts.get(post.reposted.postId)
    if (original) original.reposts -= 1
    this.tell({ kind: 'delete', post })
    return true
  }

  #forget(post: XPost): void {
    for (const version of post.history) this.posts.delete(version)
    this.#hide(post)
    const author = this.users.get(post.authorId)
    if (author) author.posts -= 1
  }

  /** Of any version: whoever reposted an earlier one has reposted the post. */
  #repostsOf({ history }: XPost): XPost[] {
    return this.timeline.filter(({ reposted }) => reposted && history.includes(reposted.postId))
  }

  #show(post: XPost): void {
    this.posts.set(post.id, post)
    insert(this.timeline, post)
    if (post.reposted) return
    for (const userId of new Set(post.mentions.map((mention) => mention.id))) {
      const list = this.#mentioning.get(userId) ?? []
      this.#mentioning.set(userId, list)
      insert(list, post)
    }
  }

  #hide(post: XPost): void {
    remove(this.timeline, post)
    for (const { id } of post.mentions) remove(this.#mentioning.get(id) ?? [], post)
  }

  like(user: XUser, post: XPost): void {
    if (post.likedBy.has(user.id)) return
    post.likedBy.add(user.id)
    user.likes += 1
    const id = this.#ids.next()
    const likes = this.#likes.get(user.id) ?? []
    this.#likes.set(user.id, likes)
    likes.push({ id, post })
    this.tell({ kind: 'like', id, user, post, at: this.#now() })
  }

  follows(sourceId: string, targetId: string): boolean {
    return this.#following.get(sourceId)?.has(targetId) === true
  }

  /** Begins or ends that one follows the other; nothing happens when it is so already. */
  setFollow(source: XUser, target: XUser, follows: boolean): void {
    if (source === target || this.follows(source.id, target.id) === follows) return
    const followed = this.#following.get(source.id) ?? new Set()
    this.#following.set(source.id, followed)
    if (follows) followed.add(target.id)
    else followed.delete(target.id)
    source.following += follows ? 1 : -1
    target.followers += follows ? 1 : -1
    this.tell({ kind: 'follow', source, target, follows })
  }

  blocks(sourceId: string, targetId: string): boolean {
    return this.#blocking.get(sourceId)?.has(targetId) === true
  }

  /** Blocking ends following, both ways. Nobody is told of the block itself. */
  setBlock(source: XUser, target: XUser, blocks: boolean): void {
    const blocked = this.#blocking.get(source.id) ?? new Set()
    this.#blocking.set(source.id, blocked)
    if (!blocks) {
      blocked.delete(target.id)
      return
    }
    blocked.add(target.id)
    this.setFollow(source, target, false)
    this.setFollow(target, source, false)
  }

  /** Whether one takes messages from the other. */
  takesMessages(user: XUser, fromId: string): boolean {
    if (user.suspended || this.blocks(user.id, fromId)) return false
    return !user.refusesMessages || this.follows(user.id, fromId)
  }

  /** Nobody is told: X has no event for it. */
  unlike(user: XUser, post: XPost): void {
    if (!post.likedBy.delete(user.id)) return
    user.likes -= 1
    const likes = this.#likes.get(user.id) ?? []
    this.#likes.set(
      user.id,
      likes.filter((like) => like.post.history !== post.history),
    )
  }

  /** Likes of posts that are still there, the newest like first. */
  likesOf(userId: string): Like[] {
    const living = (this.#likes.get(userId) ?? []).filter(({ post }) => this.posts.has(post.id))
    return living.map(({ id, post }) => ({ id, post: this.newestOf(post) })).toReversed()
  }
}

/** Keeps the list ordered by id. Nearly always at its end. */
function insert(posts: XPost[], post: XPost): void {
  let index = posts.length
  while (index > 0 && compareIds(posts[index - 1]?.id ?? '', post.id) > 0) index -= 1
  posts.splice(index, 0, post)
}

function remove(posts: XPost[], post: XPost): void {
  const index = posts.indexOf(post)
  if (index >= 0) posts.splice(index, 1)
}
