import type { PreparedConversationChange, SigningKeyEntry } from '@xdevplatform/chat-xdk'
import { compose, type Words } from './compose.ts'
import type { ChatServer, KeyChange } from './conversations.ts'
import type { KeyBackup } from './key-backup.ts'
import type { ChatConversation, ChatEvent } from './model.ts'
import { createPerson, type Person } from './person.ts'

/** The people of the simulator on XChat: they hold keys, set PINs, and write and read with real cryptography. */
export class ChatPeople {
  readonly #server: ChatServer
  readonly #backup: KeyBackup
  readonly #people = new Map<string, Person>()
  readonly #making = new Map<string, Promise<Person>>()

  constructor(server: ChatServer, backup: KeyBackup) {
    this.#server = server
    this.#backup = backup
  }

  /** New keys, kept at the realms under the PIN; whoever had keys has new ones now. Gives their version. */
  async setUp(userId: string, pin: string): Promise<string> {
    const person = await createPerson(userId)
    await this.#backup.register(userId, pin, person.secret)
    return this.#enroll(person)
  }

  /** The same keys under another PIN. Throws when there are none. */
  async changePin(userId: string, pin: string): Promise<void> {
    const person = this.#people.get(userId)
    if (!person) throw new Error('this user has not set XChat up')
    await this.#backup.register(userId, pin, person.secret)
  }

  /** One to one. Whoever has no keys gets some, without a PIN. */
  async send(from: string, to: string, message: Words): Promise<ChatEvent> {
    if (!this.#server.keys.has(to)) throw new Error('the recipient has not set XChat up')
    const sender = await this.#person(from)
    return this.#write(sender, this.#server.find(from, to) ?? this.#newKey(sender, to, [from, to]), message)
  }

  /** In a conversation that is there. */
  async sendTo(from: string, conversation: ChatConversation, message: Words): Promise<ChatEvent> {
    return this.#write(await this.#person(from), conversation, message)
  }

  async createGroup(from: string, members: readonly string[], name: string): Promise<ChatConversation> {
    const sender = await this.#person(from)
    for (const member of members) await this.#person(member)
    const everybody = [...new Set([from, ...members])]
    const id = this.#server.newGroupId(from)
    const created = sender.chat.prepareGroupCreate({
      conversationId: id,
      publicKeys: this.#publicKeys(everybody),
      memberIds: everybody,
      adminIds: [from],
      title: name,
    })
    const group = { id, members: everybody, admins: [from], name }
    return this.#server.createGroup(from, group, toKeyChange(created)).conversation
  }

  /** What somebody reads in a conversation, verified; undefined for what they cannot. */
  read(userId: string, conversation: ChatConversation): (string | undefined)[] {
    const reader = this.#people.get(userId)
    if (!reader) return conversation.events.map(() => undefined)
    reader.chat.setSigningKeys(this.#signingKeys(conversation.participants))
    const encoded = conversation.events.map((event) => event.encoded)
    const { messages } = reader.chat.decryptEvents([...conversation.keyEvents, ...encoded])
    const texts = new Map(messages.map(({ event }) => [event.sequenceId, textOf(event)]))
    return conversation.events.map(({ id }) => texts.get(id))
  }

  #enroll(person: Person): string {
    const version = this.#server.addKeys(person.userId, person.record)
    person.chat.setIdentity(person.userId, version)
    this.#people.set(person.userId, person)
    return version
  }

  async #person(userId: string): Promise<Person> {
    const known = this.#people.get(userId)
    if (known) return known
    const making = this.#making.get(userId) ?? createPerson(userId)
    this.#making.set(userId, making)
    const person = await making
    this.#making.delete(userId)
    // Whoever waited beside us may have been quicker.
    if (!this.#people.has(userId)) this.#enroll(person)
    return this.#people.get(userId) ?? person
  }

  /** Whether the conversation's key was made for everybody's newest keys. */
  #fits({ participants, keyedFor }: ChatConversation): boolean {
    return participants.every((id) => keyedFor.get(id) === this.#server.keys.get(id)?.[0]?.public_key_version)
  }

  #newKey(sender: Person, conversationId: string, participants: readonly string[]): ChatConversation {
    const change = sender.chat.prepareConversationKeyChange({
      publicKeys: this.#publicKeys(participants),
      ...(conversationId.startsWith('g') && { conversationId }),
    })
    const changed = this.#server.changeKey(sender.userId, conversationId, toKeyChange(change))
    if (!changed) throw new Error('nobody writes to themselves')
    return changed.conversation
  }

  async #write(sender: Person, conversation: ChatConversation, message: Words): Promise<ChatEvent> {
    const { id, participants } = conversation
    // As X's app: whoever has new keys since the last message reads this one.
    if (!this.#fits(conversation)) this.#newKey(sender, id, participants)
    const { messageId, content, signature } = await compose(
      { sender, conversation, signingKeys: this.#signingKeys(participants) },
      message,
    )
    return this.#server.post(sender.userId, conversation, messageId, content, signature)
  }

  #publicKeys(userIds: readonly string[]) {
    return userIds.flatMap((userId) => {
      const [newest] = this.#server.keys.get(userId) ?? []
      return newest ? [{ userId, publicKey: newest.public_key, keyVersion: newest.public_key_version }] : []
    })
  }

  #signingKeys(userIds: readonly string[]): SigningKeyEntry[] {
    return userIds.flatMap((userId) =>
      (this.#server.keys.get(userId) ?? []).map((record) => ({
        userId,
        publicKeyVersion: record.public_key_version,
        publicKey: record.signing_public_key,
        identityPublicKey: record.public_key,
        identityPublicKeySignature: record.identity_public_key_signature,
      })),
    )
  }
}

function toKeyChange(change: PreparedConversationChange): KeyChange {
  return {
    version: change.conversationKeyVersion,
    keyedFor: new Map(change.participantKeys.map(({ userId, publicKeyVersion }) => [userId, publicKeyVersion])),
    actions: change.actionSignatures.map((signed) => ({
      message_id: signed.messageId,
      encoded_message_event_detail: signed.encodedMessageEventDetail,
      message_event_signature: {
        signature: signed.signature,
        public_key_version: signed.publicKeyVersion,
        signature_version: signed.signatureVersion,
      },
    })),
  }
}

/** The typings say contentType; what comes says content_type and, for a text, text (TRAPS, "XChat"). */
function textOf(event: object): string | undefined {
  const content: unknown = Reflect.get(event, 'content')
  const text: unknown = typeof content === 'object' && content !== null ? Reflect.get(content, 'text') : undefined
  return typeof text === 'string' ? text : undefined
}
