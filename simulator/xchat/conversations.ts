import { compareIds, type IdSource } from '../core/ids.ts'
import type { ChatConversation, ChatEvent, ChatHappening, KeyRecord } from './model.ts'
import { actionEvent, type EventSignature, messageEvent } from './thrift.ts'

/** What a client signs when it changes a conversation's key or a group. */
export interface Action {
  readonly message_id: string
  readonly encoded_message_event_detail: string
  readonly message_event_signature: EventSignature
}

/** A new conversation key: wrapped for each participant, signed by whoever made it. */
export interface KeyChange {
  readonly version: string
  /** The public key version that it was wrapped for, by user. */
  readonly keyedFor: ReadonlyMap<string, string>
  readonly actions: readonly Action[]
}

/** A changed conversation, and the sequence id of the change. */
export interface Changed {
  readonly conversation: ChatConversation
  readonly sequenceId: string
}

export interface NewGroup {
  readonly id: string
  readonly members: readonly string[]
  readonly admins: readonly string[]
  readonly name: string | undefined
}

/** What X's servers hold of XChat: public keys and ciphertext, and nothing that reads them. */
export class ChatServer {
  /** By user, the newest version first. */
  readonly keys = new Map<string, KeyRecord[]>()
  readonly conversations = new Map<string, ChatConversation>()
  readonly #ids: IdSource
  readonly #now: () => Date
  readonly #onMessage: (happening: ChatHappening) => void

  constructor(ids: IdSource, now: () => Date, onMessage: (happening: ChatHappening) => void) {
    this.#ids = ids
    this.#now = now
    this.#onMessage = onMessage
  }

  /** Gives the version: X's versions are times in milliseconds, and rise. */
  addKeys(userId: string, record: Omit<KeyRecord, 'public_key_version'>, version?: string): string {
    const known = this.keys.get(userId) ?? []
    const newest = BigInt(known[0]?.public_key_version ?? 0)
    const now = BigInt(this.#now().getTime())
    const fresh = version ?? String(now > newest ? now : newest + 1n)
    this.keys.set(userId, [{ public_key_version: fresh, ...record }, ...known])
    return fresh
  }

  /** The conversation that `me` means by another's id, by `A-B`, or by a group's id; undefined when it is not theirs. */
  find(me: string, id: string): ChatConversation | undefined {
    const conversation = this.conversations.get(canonicalId(me, id))
    return conversation?.participants.includes(me) ? conversation : undefined
  }

  /** The most recently active first. */
  of(me: string): ChatConversation[] {
    return [...this.conversations.values()]
      .filter(({ participants }) => participants.includes(me))
      .sort((a, b) => b.updatedAt.getTime() - a.updatedAt.getTime() || compareIds(b.id, a.id))
  }

  /** Makes the conversation of two, if there is none, and changes its key. */
  changeKey(me: string, id: string, change: KeyChange): Changed {
    const canonical = canonicalId(me, id)
    const conversation =
      this.conversations.get(canonical) ?? this.#add({ id: canonical, members: canonical.split('-') })
    return { conversation, sequenceId: this.#act(me, conversation, change) }
  }

  createGroup(me: string, group: NewGroup, change: KeyChange): Changed {
    const conversation = this.#add(group)
    return { conversation, sequenceId: this.#act(me, conversation, change) }
  }

  newGroupId(): string {
    return `g${this.#ids.next()}`
  }

  post(
    me: string,
    conversation: ChatConversation,
    messageId: string,
    createEvent: string,
    signature: string,
  ): ChatEvent {
    const createdAt = this.#now()
    const id = this.#ids.next()
    const meta = { ...this.#meta(me, conversation, createdAt), sequenceId: id, messageId }
    const encoded = messageEvent(meta, createEvent, signature)
    const event = { id, conversationId: conversation.id, senderId: me, createdAt, encoded }
    conversation.events.push(event)
    conversation.updatedAt = createdAt
    this.#onMessage({ messageId, event, conversation })
    return event
  }

  #act(me: string, conversation: ChatConversation, { version, keyedFor, actions }: KeyChange): string {
    const now = this.#now()
    let sequenceId = ''
    for (const action of actions) {
      sequenceId = this.#ids.next()
      const meta = { ...this.#meta(me, conversation, now), sequenceId, messageId: action.message_id }
      conversation.keyEvents.push(
        actionEvent(meta, action.encoded_message_event_detail, action.message_event_signature),
      )
    }
    conversation.keyVersion = version
    conversation.keyedFor = keyedFor
    conversation.updatedAt = now
    return sequenceId
  }

  #meta(me: string, { id }: ChatConversation, createdAt: Date) {
    // Events name the two with a colon, paths and lists with a dash (TRAPS, "XChat").
    return { senderId: me, conversationId: id.replace('-', ':'), createdAtMsec: String(createdAt.getTime()) }
  }

  #add({ id, members, admins = [], name }: Partial<NewGroup> & Pick<NewGroup, 'id' | 'members'>): ChatConversation {
    const now = this.#now()
    const conversation: ChatConversation = {
      id,
      kind: id.startsWith('g') ? 'group' : 'one_to_one',
      participants: members,
      admins,
      name,
      createdAt: now,
      updatedAt: now,
      keyVersion: undefined,
      keyedFor: new Map(),
      keyEvents: [],
      events: [],
    }
    this.conversations.set(id, conversation)
    return conversation
  }
}

function canonicalId(me: string, id: string): string {
  if (id.startsWith('g')) return id
  const two = id.includes('-') ? id.split('-') : [me, id]
  return two.sort(compareIds).join('-')
}
