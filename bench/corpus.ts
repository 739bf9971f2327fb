import type { ReceivedPost } from '../src/ingest/item.ts'
import { SIMULATED_BRAND } from '../src/simulated-x.ts'

/*
 * Posts as X sends them: ids that order in time, authors whose ids do not (people joined X in any order), texts of
 * 20 words of which a few are common and most are rare. All from one counter, so no two corpora meet.
 */

/** Conversations that later posts of a corpus may go on with. */
interface Conversation {
  readonly id: string
  readonly authorId: string
}

const FIRST_ID = 2_000_000_000_000_000_000n
/** X made about so many ids a second (2^22 a millisecond are possible). */
const BETWEEN = 4_194_304n / 2n
const WORDS = 20_000

let counter = 0

/** `count` posts by as many authors in as many conversations. */
export function newPosts(count: number): ReceivedPost[] {
  return Array.from({ length: count }, () => post())
}

/**
 * A source of batches in which every second post begins a conversation, and the others go on: half of them with what
 * the batch itself began, half with older ones.
 */
export function mixedPosts(): (count: number) => ReceivedPost[] {
  const older: Conversation[] = []
  return (count) => {
    const begun: Conversation[] = []
    const posts = Array.from({ length: count }, (_, place) => {
      const pool = place % 4 === 1 || older.length === 0 ? begun : older
      const goesOn = place % 2 === 1 ? pool[(place * 7919) % pool.length] : undefined
      const made = post(goesOn)
      if (!goesOn) begun.push({ id: made.post.conversationId, authorId: made.post.authorId })
      return made
    })
    older.push(...begun)
    return posts
  }
}

function post(goesOn?: Conversation): ReceivedPost {
  const n = ++counter
  const id = String(FIRST_ID + BigInt(n) * BETWEEN)
  const authorId = goesOn?.authorId ?? personId(n)
  return {
    kind: 'post',
    post: {
      id,
      versionId: id,
      authorId,
      conversationId: goesOn?.id ?? id,
      text: `@acme ${textOf(n)}`,
      inReplyToPostId: goesOn?.id ?? null,
      inReplyToUserId: goesOn ? SIMULATED_BRAND.id : null,
      mentionedUserIds: [SIMULATED_BRAND.id],
      mentionedHandles: ['acme'],
      quotedUserId: null,
      repostOfId: null,
      postedAt: new Date(Date.UTC(2026, 9, 1) + n).toISOString(),
      editedAt: null,
    },
    author: {
      id: authorId,
      username: `user_${authorId.slice(-9)}`,
      name: `Person ${authorId.slice(-6)}`,
      avatarUrl: `https://pbs.twimg.com/profile_images/${authorId}/a_normal.jpg`,
      followersCount: n % 5_000,
      postsCount: n % 20_000,
      verified: n % 20 === 0,
      verifiedType: n % 20 === 0 ? 'blue' : 'none',
      protected: false,
    },
  }
}

/** Scattered over 19 digits, the same for the same number, never twice. */
export function personId(n: number): string {
  return String(1_000_000_000_000_000_000n + BigInt(Math.imul(n, 0x9e3779b1) >>> 0) * 4_194_304n)
}

function textOf(n: number): string {
  const words: string[] = []
  for (let i = 0; i < 20; i++) {
    const random = (Math.imul(n * 31 + i, 0x85ebca6b) >>> 0) / 2 ** 32
    // The square makes some words common, as in any language.
    words.push(`w${Math.floor(random * random * random * WORDS).toString(36)}`)
  }
  return words.join(' ')
}
