import { z } from 'zod'
import type { DirectMessage } from '../domain/captured.ts'
import { compareIds } from '../domain/x-id.ts'
import type { ReceivedMessage, Reject, SeenProfile } from './item.ts'
import type { ParsedPage } from './parse.ts'
import { parseUsers, said, timeOf, unseen, why, xId } from './parse-post.ts'

/* Classic direct messages, as GET /2/dm_events and the Activity API (in the form of v1.1) show them. */

const rawPage = z.object({
  data: z.array(z.unknown()).optional(),
  includes: z.object({ users: z.array(z.unknown()).optional() }).optional(),
  meta: z.object({ next_token: z.string().optional() }),
})

const rawEvent = z.object({
  id: xId,
  event_type: z.literal('MessageCreate'),
  text: said.optional(),
  sender_id: xId,
  /** `A-B` of two, a number of a group. */
  dm_conversation_id: z.string().regex(/^[0-9]{1,19}(-[0-9]{1,19})?$/),
  created_at: z.iso.datetime({ offset: true }).optional(),
  attachments: z
    .object({ media_keys: z.array(z.string()).optional(), card_ids: z.array(z.string()).optional() })
    .optional(),
})

/** A page of GET /2/dm_events as the account sees it. Undefined when it is not a page at all. */
export function parseDirectMessagePage(body: unknown, accountXUserId: string): ParsedPage | undefined {
  const page = rawPage.safeParse(body)
  if (!page.success) return undefined
  const { data = [], includes, meta } = page.data
  const people = parseUsers(includes?.users ?? [], accountXUserId)
  const items: ReceivedMessage[] = []
  const rejects: Reject[] = []
  for (const raw of data) {
    // Who came and went is no message.
    if (isOther(raw)) continue
    const event = rawEvent.safeParse(raw)
    if (!event.success) {
      rejects.push({ payload: JSON.stringify(raw) ?? 'undefined', reason: why(event.error) })
      continue
    }
    const { id, sender_id, dm_conversation_id, created_at, text = '', attachments } = event.data
    const participants = dm_conversation_id.split('-')
    const participantId =
      participants.length === 2 && participants.includes(accountXUserId)
        ? (participants.find((each) => each !== accountXUserId) ?? null)
        : null
    const kinds = [
      ...(attachments?.media_keys ?? []).map(kindOfMedia),
      ...(attachments?.card_ids ?? []).map(() => 'card'),
    ]
    items.push(
      received(people, {
        id,
        channel: 'X_DM',
        accountXUserId,
        senderId: sender_id,
        participantId,
        text,
        attachments: kinds,
        sentAt: timeOf(id, created_at),
      }),
    )
  }
  const newestId =
    items
      .map(({ message }) => message.id)
      .sort(compareIds)
      .at(-1) ?? null
  return { items, rejects, newestId, nextToken: meta.next_token ?? null }
}

const otherEvent = z.object({ event_type: z.enum(['ParticipantsJoin', 'ParticipantsLeave']) })
const isOther = (raw: unknown): boolean => otherEvent.safeParse(raw).success

/** The first part of a media key: https://docs.x.com/x-api/fundamentals/data-dictionary#media */
const MEDIA: Readonly<Record<string, string>> = { '3': 'photo', '7': 'video', '13': 'video', '16': 'animated_gif' }
const kindOfMedia = (key: string): string => MEDIA[key.split('_')[0] ?? ''] ?? 'media'

/** docs.x.com "X Activity API event payloads": `dm.received`, `dm.sent`. */
const rawActivity = z.object({
  direct_message_events: z.array(z.unknown()),
  users: z.record(z.string(), z.object({ data: z.unknown() })).optional(),
})

const rawCreate = z.object({
  id: xId,
  type: z.literal('message_create'),
  created_timestamp: z.string().regex(/^[0-9]{1,15}$/),
  /** Of a group. */
  conversation_id: z.string().optional(),
  message_create: z.object({
    sender_id: xId,
    target: z.object({ recipient_id: xId.optional() }).optional(),
    message_data: z.object({
      text: said.optional(),
      attachment: z.object({ type: z.string(), media: z.object({ type: z.string() }).optional() }).optional(),
    }),
  }),
})

/** What the Activity API says of messages to or from `accountXUserId`. */
export function parseMessageActivity(
  payload: unknown,
  accountXUserId: string,
): { readonly items: readonly ReceivedMessage[]; readonly rejects: readonly Reject[] } {
  const told = rawActivity.safeParse(payload)
  if (!told.success) return { items: [], rejects: [{ payload: JSON.stringify(payload), reason: why(told.error) }] }
  const people = parseUsers(Object.values(told.data.users ?? {}).map(({ data }) => data))
  const items: ReceivedMessage[] = []
  const rejects: Reject[] = []
  for (const raw of told.data.direct_message_events) {
    const event = rawCreate.safeParse(raw)
    if (!event.success) {
      rejects.push({ payload: JSON.stringify(raw) ?? 'undefined', reason: why(event.error) })
      continue
    }
    const { id, created_timestamp, conversation_id, message_create } = event.data
    const { sender_id: senderId, target, message_data } = message_create
    const recipientId = target?.recipient_id
    const group = recipientId === undefined || (conversation_id !== undefined && !conversation_id.includes('-'))
    const { attachment } = message_data
    items.push(
      received(people, {
        id,
        channel: 'X_DM',
        accountXUserId,
        senderId,
        participantId: group ? null : senderId === accountXUserId ? recipientId : senderId,
        text: message_data.text ?? '',
        attachments: attachment ? [attachment.media?.type ?? attachment.type] : [],
        sentAt: new Date(Number(created_timestamp)).toISOString(),
      }),
    )
  }
  return { items, rejects }
}

function received(people: ReadonlyMap<string, SeenProfile>, message: DirectMessage): ReceivedMessage {
  const id = message.participantId ?? message.senderId
  return { kind: 'message', message, author: people.get(id) ?? unseen(id) }
}
