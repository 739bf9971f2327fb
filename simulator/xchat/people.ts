import type { PreparedConversationChange, SigningKeyEntry } from '@xdevplatform/chat-xdk'
import type { ChatServer, KeyChange } from './conversations.ts'
import type { KeyBackup } from './key-backup.ts'
import type { ChatConversation, ChatEvent } from './model.ts'
import { createPerson, type Person } from './person.ts'

/** How a message goes wrong: its ciphertext was damaged on the way, or it is signed with a key that is not the sender's. */
export type MessageFault = 'damaged' | 'wrong-signature'

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
  async send(from: string, to: string, text: string, fault?: MessageFault): Promise<ChatEvent> {
    if (!this.#server.keys.has(to)) throw new Error('the recipient has not set XChat up')
    const sender = await this.#person(from)
    const known = this.#server.find(from, to)
    const conversation = known && this.#fits(known) ? known : this.#openWith(sender, to)
    return this.#write(sender, conversation, text, fault)
  }

  /** In a conversation that is there: a group. */
  async sendTo(from: string, conversation: ChatConversation, text: string, fault?: MessageFault): Promise<ChatEvent> {
    return this.#write(await this.#person(from), conversation, text, fault)
  }

  async createGroup(from: string, members: readonly string[], name: string): Promise<ChatConversation> {
    const sender = await this.#person(from)
    for (const member of members) await this.#person(member)
    const everybody = [...new Set([from, ...members])]
    const id = this.#server.newGroupId()
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

  #openWith(sender: Person, to: string): ChatConversation {
    const change = sender.chat.prepareConversationKeyChange({ publicKeys: this.#publicKeys([sender.userId, to]) })
    return this.#server.changeKey(sender.userId, to, toKeyChange(change)).conversation
  }

  #write(sender: Person, conversation: ChatConversation, text: string, fault?: MessageFault): ChatEvent {
    sender.chat.setSigningKeys(this.#signingKeys(conversation.participants))
    // Fills the cache of keys that encryptMessage takes the newest from.
    sender.chat.decryptEvents([...conversation.keyEvents])
    const message = sender.chat.encryptMessage({ conversationId: conversation.id.replace('-', ':'), text })
    const content = fault === 'damaged' ? damaged(message.encryptedContent) : message.encryptedContent
    const signature =
      fault === 'wrong-signature' ? damaged(message.encodedEventSignature) : message.encodedEventSignature
    return this.#server.post(sender.userId, conversation, message.messageId, content, signature)
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

/** One byte in the middle is another. */
function damaged(base64: string): string {
  const bytes = Buffer.from(base64, 'base64')
  const middle = Math.floor(bytes.length / 2)
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle)
  return bytes.toString('base64')
}

/** The typings say contentType; what comes says content_type and, for a text, text (TRAPS, "XChat"). */
function textOf(event: object): string | undefined {
  const content: unknown = Reflect.get(event, 'content')
  const text: unknown = typeof content === 'object' && content !== null ? Reflect.get(content, 'text') : undefined
  return typeof text === 'string' ? text : undefined
}
