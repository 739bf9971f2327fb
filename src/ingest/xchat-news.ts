import type { ToldMessage } from './parse-activity.ts'
import { pause } from './retry.ts'
import type { Hearing } from './xchat-hearing.ts'

/* What reaches the reader of one account from outside, while it rests and while it works. */

/** A message that X sent along, and who waits to hear whether it is kept. */
export interface Told {
  readonly conversationId: string
  readonly message: ToldMessage
  readonly answer: (isKept: boolean) => void
}

/** Messages that wait at most, and how long; the others are fetched, as if X had not sent them along. */
const MAX_TOLD = 500
const TOLD_MS = 5_000
/** Conversations that are known to have news. */
const MAX_CONVERSATIONS = 1_000

/** How often a resting account looks whether another process heard of news. */
const HEARD_MS = 1_000

export interface News {
  /** There is something to fetch: the rest ends, and the next round is urgent. */
  hurry(conversationId?: string): void
  /** X sent a message along. Resolves with whether it is kept; if not, it must be fetched. */
  take(conversationId: string, message: ToldMessage): Promise<boolean>
  /** Waits, but not beyond the signal, nor when there is anything new. */
  rest(ms: number, signal: AbortSignal): Promise<void>
  isUrgent(): boolean
  /** A round begins, which reads all that was hurried until now. */
  begin(): void
  /** A conversation that is to be read before others; each is given once. */
  next(): string | undefined
  /** Messages that were taken, the first ones first; each is given once. */
  told(most: number): readonly Told[]
  /** Nobody reads any more: whoever waits is told so. */
  close(): void
}

export function createNews(hearing: Hearing): News {
  let wake = new AbortController()
  let urgent = false
  let closed = false
  let told: Told[] = []
  const conversations = new Set<string>()

  return {
    hurry(conversationId) {
      if (conversationId !== undefined && conversations.size < MAX_CONVERSATIONS) conversations.add(conversationId)
      urgent = true
      wake.abort()
    },
    take(conversationId, message) {
      if (closed || told.length >= MAX_TOLD) return Promise.resolve(false)
      return new Promise((resolve) => {
        const answer = (isKept: boolean) => {
          clearTimeout(late)
          resolve(isKept)
        }
        const waiting = { conversationId, message, answer }
        // The reader may be waiting for X, minutes long; the stream must not wait for the reader.
        const late = setTimeout(() => {
          told = told.filter((each) => each !== waiting)
          resolve(false)
        }, TOLD_MS)
        told.push(waiting)
        wake.abort()
      })
    },
    async rest(ms, signal) {
      const until = performance.now() + ms
      let news = false
      for (
        let left = ms;
        left > 0 && !news && !signal.aborted && !wake.signal.aborted;
        left = until - performance.now()
      ) {
        await pause(Math.min(left, HEARD_MS), AbortSignal.any([signal, wake.signal]))
        // A message that came along is not told to others: whoever reads it has no mark to look for.
        if (told.length === 0) news = await hearing.news()
      }
      urgent ||= news
      wake = new AbortController()
    },
    isUrgent: () => urgent,
    begin() {
      urgent = false
    },
    next() {
      const [id] = conversations
      if (id !== undefined) conversations.delete(id)
      return id
    },
    told(most) {
      const taken = told.slice(0, most)
      told = told.slice(most)
      return taken
    },
    close() {
      closed = true
      for (const { answer } of told) answer(false)
      told = []
    },
  }
}
