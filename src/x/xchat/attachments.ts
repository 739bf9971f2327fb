import { z } from 'zod'

/*
 * What comes along with a message's text (F42). Only words of this file leave it: an attachment is the sender's, and a
 * note on a ticket is ours.
 */

/** chat-xdk's media types, seen at run time; others are a number. */
const media = z.object({ type: z.enum(['image', 'gif', 'video', 'audio', 'file', 'svg']) })
const link = z.object({ url: z.string().min(1) })

/** Its other attachments; at run time each is an object with one such key, unlike in its typings. */
const KINDS: Readonly<Record<string, string>> = {
  post: 'post',
  unified_card: 'card',
  unifiedCard: 'card',
  money: 'payment',
}

/** The kinds of what stands beside the text, one for each. The preview of a link that is in the text tells nothing more. */
export function kindsBeside(
  text: string,
  content: { readonly attachments?: readonly unknown[] | null | undefined; readonly forwarded_message?: unknown },
): string[] {
  const attached = (content.attachments ?? []).flatMap((attachment) => kindOf(attachment, text))
  return content.forwarded_message ? [...attached, 'forwarded message'] : attached
}

function kindOf(attachment: unknown, text: string): string[] {
  const [entry] = attachment !== null && typeof attachment === 'object' ? Object.entries(attachment) : []
  const [key = '', value] = entry ?? []
  if (key === 'media') return [media.safeParse(value).data?.type ?? 'media']
  if (key === 'url') {
    const url = link.safeParse(value).data?.url
    return url !== undefined && text.includes(url) ? [] : ['link']
  }
  return [Object.hasOwn(KINDS, key) ? (KINDS[key] ?? 'attachment') : 'attachment']
}

/** A kind of message that is new to us, by chat-xdk's name of it, or by X's number where it has none. */
export function unknownKind(kind: string, number: number | null | undefined): string {
  if (kind !== 'unknown' && /^[a-z][a-z_]{0,39}$/i.test(kind)) return `message of the kind ${kind}`
  return Number.isSafeInteger(number) ? `message of the kind ${number}` : 'message of an unknown kind'
}
