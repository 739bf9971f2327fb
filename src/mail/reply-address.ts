import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'

/*
 * Where a customer's mail program sends its answer: our own address with the ticket's number in it (`support+42.…@`), signed,
 * so that nobody writes on a ticket whose mails they have not read.
 */

export interface ReplyAddresses {
  /** The address of a ticket, by its number. */
  of(ticketNumber: number): string
  /** The number of the ticket that an address is of; undefined: of none, or the signature is wrong. */
  ticketOf(address: string): number | undefined
  /** Whether it is our own address, a ticket's or not. */
  isOurs(address: string): boolean
  /** The message id of the mail that a comment is sent as; and back: undefined, it is none of ours. */
  messageIdOf(commentId: string): string
  commentOf(messageId: string): string | undefined
}

/** Addresses are compared without case, and some servers lower it: hexadecimal survives. 80 bits. */
const SIGNATURE_LENGTH = 20

/** `base` is an address, or `Name <address>`; `secrets` sign with the first and take what any of them signed. */
export function createReplyAddresses(base: string, secrets: readonly string[]): ReplyAddresses {
  const address = /<([^<>]+)>\s*$/.exec(base)?.[1] ?? base
  const at = address.lastIndexOf('@')
  const local = address.slice(0, at)
  const domain = address.slice(at + 1).toLowerCase()
  const keys = secrets.map((secret) => Buffer.from(hkdfSync('sha256', secret, '', 'perch reply address v1', 32)))
  const sign = (key: Buffer, number: number): string =>
    createHmac('sha256', key).update(`ticket:${number}`).digest('hex').slice(0, SIGNATURE_LENGTH)
  const pattern = /^(.+)\+(\d{1,9})\.([0-9a-f]{20})$/i

  const ids = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@([^@]+)$/i

  return {
    messageIdOf: (commentId) => `${commentId}@${domain}`,
    commentOf(messageId) {
      const [, commentId, host] = ids.exec(messageId) ?? []
      return host?.toLowerCase() === domain ? commentId?.toLowerCase() : undefined
    },
    of: (number) => `${local}+${number}.${sign(keys[0] ?? Buffer.alloc(0), number)}@${domain}`,
    ticketOf(given) {
      const split = given.lastIndexOf('@')
      if (given.slice(split + 1).toLowerCase() !== domain) return undefined
      const [, mailbox, number, signature] = pattern.exec(given.slice(0, split)) ?? []
      if (mailbox?.toLowerCase() !== local.toLowerCase() || number === undefined || signature === undefined)
        return undefined
      const told = Buffer.from(signature.toLowerCase())
      const right = keys.some((key) => timingSafeEqual(told, Buffer.from(sign(key, Number(number)))))
      return right ? Number(number) : undefined
    },
    isOurs(given) {
      const split = given.lastIndexOf('@')
      const mailbox = given.slice(0, split).split('+')[0]?.toLowerCase()
      return given.slice(split + 1).toLowerCase() === domain && mailbox === local.toLowerCase()
    },
  }
}
