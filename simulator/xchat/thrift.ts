/*
 * What X's backend does with a chat event: wraps what the client signed into a MessageEvent (Thrift, binary protocol,
 * base64). The parts are spliced in as they came; nothing in them is read (spikes/x/REPORT.md §4, fields seen in fixtures).
 */

/** The envelope that X puts around what a client signed. */
export interface EventMeta {
  readonly sequenceId: string
  readonly messageId: string
  readonly senderId: string
  /** `A:B` of a conversation of two, else the group's id. */
  readonly conversationId: string
  readonly createdAtMsec: string
}

export interface EventSignature {
  readonly signature: string
  readonly public_key_version: string
  readonly signature_version: string
}

const STOP = Buffer.from([0])
const STRING = 11
const STRUCT = 12

function text(id: number, value: string): Buffer {
  const bytes = Buffer.from(value)
  const head = Buffer.alloc(7)
  head.writeUInt8(STRING)
  head.writeInt16BE(id, 1)
  head.writeInt32BE(bytes.length, 3)
  return Buffer.concat([head, bytes])
}

function struct(id: number, body: Buffer): Buffer {
  const head = Buffer.alloc(3)
  head.writeUInt8(STRUCT)
  head.writeInt16BE(id, 1)
  return Buffer.concat([head, body])
}

function envelope(meta: EventMeta, detail: Buffer, signature: Buffer): string {
  const parts = [
    text(1, meta.sequenceId),
    text(2, meta.messageId),
    text(3, meta.senderId),
    text(4, meta.conversationId),
    text(6, meta.createdAtMsec),
    struct(7, detail),
    struct(9, signature),
    STOP,
  ]
  return Buffer.concat(parts).toString('base64')
}

/** The event of POST /2/chat/conversations/:id/messages; both blobs are base64, as the client sent them. */
export function messageEvent(meta: EventMeta, createEvent: string, signature: string): string {
  const detail = Buffer.concat([struct(1, Buffer.from(createEvent, 'base64')), STOP])
  return envelope(meta, detail, Buffer.from(signature, 'base64'))
}

/** Whether what is signed, one entry of `action_signatures`, is a change of the key (field 3) rather than of a group. */
export function carriesKey(detail: string): boolean {
  return Buffer.from(detail, 'base64')
    .subarray(0, 3)
    .equals(struct(3, Buffer.alloc(0)))
}

/** The event of one entry of `action_signatures`: a key change, or a change of a group. */
export function actionEvent(meta: EventMeta, detail: string, { signature, ...by }: EventSignature): string {
  const signed = [text(1, signature), text(2, by.public_key_version), text(3, by.signature_version), STOP]
  return envelope(meta, Buffer.from(detail, 'base64'), Buffer.concat(signed))
}
