import { compareIds, type IdSource } from '../core/ids.ts'
import type { DirectConversation, DirectEvent, MediaType } from './model.ts'

export interface DirectMessageDraft {
  readonly text: string
  readonly media?: MediaType | undefined
  readonly sharedPostId?: string | undefined
}

/** Prefixes of media keys, as X gives them: the kind of media, then an id. */
const MEDIA_KEYS: Readonly<Record<MediaType, string>> = { photo: '3', video: '7', animated_gif: '16' }

/** Classic direct messages: conversations of two and of groups, and what stands in them. */
export class DirectMessages {
  readonly #conversations = new Map<string, DirectConversation>()
  /** Oldest first. */
  readonly #events: DirectEvent[] = []
  readonly #ids: IdSource
  readonly #now: () => Date
  readonly #tell: (event: DirectEvent) => void

  constructor(ids: IdSource, now: () => Date, tell: (event: DirectEvent) => void) {
    this.#ids = ids
    this.#now = now
    this.#tell = tell
  }

  /** The conversation, if the user is in it. */
  find(userId: string, id: string): DirectConversation | undefined {
    const conversation = this.#conversations.get(id)
    return conversation?.participants.has(userId) ? conversation : undefined
  }

  /** The group, whoever asks. */
  group(id: string): DirectConversation | undefined {
    const conversation = this.#conversations.get(id)
    return conversation?.isGroup ? conversation : undefined
  }

  /** What a user sees in their conversations, newest first. */
  of(userId: string): DirectEvent[] {
    return this.#events.filter(({ conversation }) => conversation.participants.has(userId)).toReversed()
  }

  /** The conversation of two; it is made when there is none. */
  between(a: string, b: string): DirectConversation {
    const id = conversationIdOf(a, b)
    return this.#conversations.get(id) ?? this.#add(id, [a, b], false)
  }

  /** A group; everybody's coming stands first in it. */
  createGroup(creatorId: string, members: readonly string[]): DirectConversation {
    const everybody = [...new Set([creatorId, ...members])]
    const group = this.#add(this.#ids.next(), everybody, true)
    this.#note(group, { kind: 'ParticipantsJoin', senderId: creatorId, participantIds: everybody })
    return group
  }

  join(group: DirectConversation, userId: string): void {
    if (group.participants.has(userId)) return
    const [invitedBy] = group.participants
    group.participants.add(userId)
    this.#note(group, { kind: 'ParticipantsJoin', senderId: invitedBy, participantIds: [userId] })
  }

  leave(group: DirectConversation, userId: string): void {
    if (!group.participants.delete(userId)) return
    this.#note(group, { kind: 'ParticipantsLeave', senderId: undefined, participantIds: [userId] })
  }

  send(senderId: string, conversation: DirectConversation, { text, media, sharedPostId }: DirectMessageDraft) {
    const key = media && `${MEDIA_KEYS[media]}_${this.#ids.next()}`
    // X puts a link to what is attached behind the text.
    const link = key && `https://t.co/${Buffer.from(key).toString('base64url').slice(-10)}`
    return this.#note(conversation, {
      kind: 'MessageCreate',
      senderId,
      participantIds: [],
      text: [text, link].filter(Boolean).join(' '),
      media: media && key !== undefined ? { key, type: media } : undefined,
      sharedPostId,
    })
  }

  #note(
    conversation: DirectConversation,
    draft: Pick<DirectEvent, 'kind' | 'senderId' | 'participantIds'> & Partial<DirectEvent>,
  ): DirectEvent {
    const event = {
      text: '',
      media: undefined,
      sharedPostId: undefined,
      ...draft,
      id: this.#ids.next(),
      conversation,
      at: this.#now(),
    }
    this.#events.push(event)
    this.#tell(event)
    return event
  }

  #add(id: string, participants: readonly string[], isGroup: boolean): DirectConversation {
    const conversation = { id, isGroup, participants: new Set(participants) }
    this.#conversations.set(id, conversation)
    return conversation
  }
}

/** `A-B`, the smaller id first (docs.x.com "Direct Messages lookup", conversation types). */
export const conversationIdOf = (a: string, b: string): string => [a, b].sort(compareIds).join('-')
