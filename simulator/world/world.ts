import { compareIds, type IdSource } from '../core/ids.ts'
import { DirectMessages } from './direct-messages.ts'
import type { Happening, VerifiedType, XPost, XUser } from './model.ts'
import { compose } from './text.ts'

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
  readonly posts = new Map<string, XPost>()
  /** Living posts, oldest first. */
  readonly timeline: XPost[] = []
  readonly directMessages: DirectMessages
  readonly #byName = new Map<string, XUser>()
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
    const post: XPost = {
      id,
      authorId: author.id,
      createdAt: at ?? this.#now(),
      typed,
      ...compose(typed, author, inReplyTo, (idOrName) => this.findUser(idOrName)),
      conversationId: inReplyTo?.conversationId ?? id,
      inReplyTo: inReplyTo && { postId: inReplyTo.id, userId: inReplyTo.authorId },
      quoted: quoteOf && { postId: quoteOf.id, userId: quoteOf.authorId },
      likedBy: new Set(),
      replies: 0,
      quotes: 0,
    }
    this.posts.set(id, post)
    insert(this.timeline, post)
    for (const userId of new Set(post.mentions.map((mention) => mention.id))) {
      const list = this.#mentioning.get(userId) ?? []
      this.#mentioning.set(userId, list)
      insert(list, post)
    }
    author.posts += 1
    if (inReplyTo) inReplyTo.replies += 1
    if (quoteOf) quoteOf.quotes += 1
    this.tell({ kind: 'post', post })
    return post
  }

  /** Posts of others that carry the user's @name, typed or as an auto-mention, oldest first. */
  mentioning(userId: string): readonly XPost[] {
    return (this.#mentioning.get(userId) ?? []).filter(({ authorId }) => authorId !== userId)
  }

  /** False when there is no such post. */
  deletePost(id: string): boolean {
    const post = this.posts.get(id)
    if (!post) return false
    this.posts.delete(id)
    remove(this.timeline, post)
    for (const list of this.#mentioning.values()) remove(list, post)
    const author = this.users.get(post.authorId)
    if (author) author.posts -= 1
    this.tell({ kind: 'delete', post })
    return true
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

  /** Nobody is told: X has no event for it. */
  unlike(user: XUser, post: XPost): void {
    if (!post.likedBy.delete(user.id)) return
    user.likes -= 1
    const likes = this.#likes.get(user.id) ?? []
    this.#likes.set(
      user.id,
      likes.filter((like) => like.post !== post),
    )
  }

  /** Likes of posts that are still there, the newest like first. */
  likesOf(userId: string): Like[] {
    return (this.#likes.get(userId) ?? []).filter(({ post }) => this.posts.has(post.id)).toReversed()
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
