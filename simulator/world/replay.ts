import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import type { XPost } from './model.ts'
import type { World } from './world.ts'

const lineShape = z.strictObject({
  from: z.string().regex(/^@?\w{1,15}$/, 'a username of 1 to 15 letters, digits or _'),
  text: z.string().min(1),
  /** Only the distances between these matter: posts are made now, at the file's pace. */
  at: z.iso.datetime({ offset: true }).optional(),
  /** The index of an earlier line, counted from 0, or the id of a post that exists. */
  inReplyTo: z.union([z.number().int().nonnegative(), z.string().regex(/^\d{1,19}$/)]).optional(),
})
export type ReplayLine = z.infer<typeof lineShape>

/** A replay file that cannot be used; the message names the line, counted from 1. */
export class ReplayError extends Error {
  override readonly name = 'ReplayError'
}

/** Reads a whole file before anything is posted, so that a bad line stops it before it has begun. */
export function parseReplay(text: string): ReplayLine[] {
  const lines: ReplayLine[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    if (raw.trim() === '') continue
    const where = `line ${index + 1}`
    let json: unknown
    try {
      json = JSON.parse(raw)
    } catch {
      throw new ReplayError(`${where} is not JSON: ${raw.slice(0, 60)}`)
    }
    const parsed = lineShape.safeParse(json)
    if (!parsed.success) {
      const [issue] = parsed.error.issues
      const path = issue?.path.join('.')
      throw new ReplayError(`${where}: ${path ? `"${path}": ` : ''}${issue?.message ?? 'not a post'}`)
    }
    if (typeof parsed.data.inReplyTo === 'number' && parsed.data.inReplyTo >= lines.length) {
      throw new ReplayError(`${where}: "inReplyTo": ${parsed.data.inReplyTo} is not the index of an earlier post`)
    }
    lines.push(parsed.data)
  }
  return lines
}

export interface ReplayOptions {
  /** 2 is twice as fast as the file; 0 is as fast as it goes. */
  readonly speed: number
  readonly signal: AbortSignal
}

/** The pause before a line, in milliseconds of the file: by `at`, else one second. */
const DEFAULT_GAP_MS = 1_000

/** Posts the lines one after the other. Unknown authors are created. Ends early, quietly, when aborted. */
export async function replay(world: World, lines: readonly ReplayLine[], options: ReplayOptions): Promise<XPost[]> {
  const posts: XPost[] = []
  let last: number | undefined
  for (const [index, line] of lines.entries()) {
    const at = line.at === undefined ? undefined : Date.parse(line.at)
    const gap = index === 0 ? 0 : at !== undefined && last !== undefined ? Math.max(0, at - last) : DEFAULT_GAP_MS
    last = at ?? (last === undefined ? undefined : last + gap)
    if (options.speed > 0 && gap > 0) {
      await pause(gap / options.speed, undefined, { signal: options.signal }).catch(() => undefined)
    }
    if (options.signal.aborted) break
    const username = line.from.replace(/^@/, '')
    const author = world.findUser(username) ?? world.addUser({ username })
    const parent = parentOf(world, posts, line.inReplyTo)
    posts.push(world.addPost({ author, typed: line.text, inReplyTo: parent }))
  }
  return posts
}

/** A post that was deleted meanwhile cannot be answered: the line becomes a post of its own. */
function parentOf(world: World, posts: readonly XPost[], ref: string | number | undefined): XPost | undefined {
  const id = typeof ref === 'number' ? posts[ref]?.id : ref
  return id === undefined ? undefined : world.posts.get(id)
}
