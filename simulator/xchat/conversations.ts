import { compareIds, type IdSource } from '../core/ids.ts'
import { type ChatConversation, type ChatEvent, type ChatHappening, idInEvents, type KeyRecord } from './model.ts'
import { actionEvent, carriesKey, type EventSignature, messageEvent } from './thrift.ts'

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

/** A change that X does not take; the message says why. */
export class ChatRefusal extends Error {
  override readonly name = 'ChatRefusal'
}

/** What X's servers hold of XChat: public keys and ciphertext, and nothing that reads them. */
export class ChatServer {
  /** By user, the newest version first. */
  readonly keys = new Map<string, KeyRecord[]>()
  readonly #conversations = new Map<string, ChatConversation>()
  /** Who may create which group. */
  readonly #promised = new Map<string, string>()
  readonly #ids: IdSource
  readonly #now: () => Date
  readonly #onMessage: (happening: ChatHappening) => void

  constructor(ids: IdSource, now: () => Date, onMessage: (happening: ChatHappening) => void) {
    this.#ids = ids
    this.#now = now
    this.#onMessage = onMessage
  }

  /** Gives the version: X's versions are times in milliseconds, and rise. Throws ChatRefusal for one that does not. */
  addKeys(userId: string, record: Omit<KeyRecord, 'public_key_version'>, version?: string): string {
    const known = this.keys.get(userId) ?? []
    const newest = BigInt(known[0]?.public_key_version ?? 0)
    const now = BigInt(this.#now().getTime())
    if (version !== undefined && BigInt(version) <= newest) throw new ChatRefusal('version: is not newer than the last')
    const fresh = version ?? String(now > newest ? now : newest + 1n)
    this.keys.set(userId, [{ public_key_version: fresh, ...record }, ...known])
    return fresh
  }

  /** The conversation that `me` means by another's id, by `A-B`, or by a group's id; undefined when it is not theirs. */
  find(me: string, id: string): ChatConversation | undefined {
    const conversation = this.#conversations.get(canonicalId(me, id))
    return conversation?.participants.includes(me) ? conversation : undefined
  }

  /** The most recently active first. */
  of(me: string): ChatConversation[] {
    return [...this.#conversations.values()]
      .filter(({ participants }) => participants.includes(me))
      .sort((a, b) => compareIds(b.lastSequenceId, a.lastSequenceId))
  }

  /**
   * Makes the conversation of two, if there is none, and changes its key. Undefined when it is not of `me`; throws
   * ChatRefusal when the key is not for everybody in it.
   */
  changeKey(me: string, id: string, change: KeyChange): Changed | undefined {
    const known = this.find(me, id)
    const two = known ? known.participants : twoOf(me, id)
    if (!two) return undefined
    this.#checkKeys(two, change)
    const conversation = known ?? this.#add({ id: canonicalId(me, id), members: two })
    return { conversation, sequenceId: this.#act(me, conversation, change) }
  }

  /** Throws ChatRefusal when the id was not made for this, or the key is not for every member. */
  createGroup(me: string, group: NewGroup, change: KeyChange): Changed {
    if (this.#promised.get(group.id) !== me) throw new ChatRefusal('conversation_id: was not initialized for this')
    if (!group.members.includes(me)) throw new ChatRefusal('group_members: whoever makes a group is in it')
    this.#checkKeys(group.members, change)
    this.#promised.delete(group.id)
    const conversation = this.#add(group)
    return { conversation, sequenceId: this.#act(me, conversation, change) }
  }

  /** An id under which `me` may create one group. */
  newGroupId(me: string): string {
    const id = `g${this.#ids.next()}`
    this.#promised.set(id, me)
    return id
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
    conversation.lastSequenceId = id
    this.#onMessage({ messageId, event, conversation })
    return event
  }

  /** A key is wrapped for each participant, and for keys that they have. */
  #checkKeys(participants: readonly string[], { keyedFor, actions }: KeyChange): void {
    if (!actions.some((action) => carriesKey(action.encoded_message_event_detail))) {
      throw new ChatRefusal('action_signatures: none of them is a change of the key')
    }
    const known = (id: string) => this.keys.get(id)?.some((key) => key.public_key_version === keyedFor.get(id))
    if (keyedFor.size !== participants.length || !participants.every(known)) {
      throw new ChatRefusal('conversation_participant_keys: are not one for each participant, by a version of theirs')
    }
  }

  /** Gives the sequence id of the change that carries the key. */
  #act(me: string, conversation: ChatConversation, { version, keyedFor, actions }: KeyChange): string {
    const now = this.#now()
    let changedAs = ''
    for (const action of actions) {
      const sequenceId = this.#ids.next()
      const meta = { ...this.#meta(me, conversation, now), sequenceId, messageId: action.message_id }
      const event = actionEvent(meta, action.encoded_message_event_detail, action.message_event_signature)
      conversation.keyEvents.push(event)
      conversation.lastSequenceId = sequenceId
      if (!carriesKey(action.encoded_message_event_detail)) continue
      conversation.lastKeyEvent = event
      changedAs = sequenceId
    }
    conversation.keyVersion = version
    conversation.keyedFor = keyedFor
    conversation.updatedAt = now
    return changedAs
  }

  #meta(me: string, { id }: ChatConversation, createdAt: Date) {
    return { senderId: me, conversationId: idInEvents(id), createdAtMsec: String(createdAt.getTime()) }
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
      lastSequenceId: '0',
      keyVersion: undefined,
      keyedFor: new Map(),
      keyEvents: [],
      lastKeyEvent: undefined,
      events: [],
    }
    this.#conversations.set(id, conversation)
    return conversation
  }
}

/** The two whom `me` means by another's id or by `A-B`; undefined when that is not `me` and somebody else. */
function twoOf(me: string, id: string): string[] | undefined {
  const two = (id.includes('-') ? id.split('-') : [me, id]).sort(compareIds)
  const [a, b] = two
  return !id.startsWith('g') && a !== b && two.includes(me) ? two : undefined
}

const canonicalId = (me: string, id: string): string => twoOf(me, id)?.join('-') ?? id
