import type { Readable } from 'node:stream'
import { createTransport } from 'nodemailer'
import { MailError, type Mailer } from './mailer.ts'
import { toMessage } from './message.ts'

/** How long a server may take to connect, and to greet, in milliseconds. */
const PATIENCE_MS = 15_000
/** How long it may take to answer: some look for spam first, and whoever gives up early sends twice (RFC 5321 §4.5.3.2.6). */
const END_OF_DATA_MS = 2 * 60_000

/**
 * Sends by an SMTP server (RFC 5321). `url` is `smtp://` (with STARTTLS where the server offers it) or `smtps://`, with
 * user and password in it where the server asks for them; certificates are verified.
 */
export function createSmtpMailer({ url, from }: { url: string; from: string }): Mailer {
  const transport = createTransport({
    url,
    pool: true,
    maxConnections: 2,
    connectionTimeout: PATIENCE_MS,
    greetingTimeout: PATIENCE_MS,
    socketTimeout: END_OF_DATA_MS,
    // Nothing is sent again by itself: the server may have it.
    maxRequeues: 0,
  })
  // The bytes of each mail under way, by its message id: nodemailer reads them when the server has asked for them (354).
  const bytes = new Map<string, Readable>()
  transport.use('stream', ({ message }, done) => {
    const read = message.createReadStream.bind(message)
    message.createReadStream = (options) => {
      const stream = read(options)
      bytes.set(message.messageId(), stream)
      return stream
    }
    done()
  })
  return {
    async send(mail) {
      const message = toMessage(mail, from)
      const id = String(message.messageId)
      try {
        await transport.sendMail(message)
      } catch (error) {
        throw translate(error, bytes.get(id)?.readableEnded === true)
      } finally {
        bytes.delete(id)
      }
    },
    async close() {
      transport.close()
    },
  }
}

/**
 * 5yz is the server's last word (RFC 5321 §4.2.1); everything else may pass. A server that was told that the mail is
 * whole and said nothing may have taken it (RFC 5321 §4.5.3.2.6).
 */
function translate(error: unknown, whole: boolean): MailError {
  const { responseCode, command, message } = describe(error)
  const said = message.split('\n', 1)[0]?.slice(0, 200) ?? ''
  if (whole && responseCode === undefined)
    return new MailError('UNCERTAIN', `the SMTP server did not say whether it took the mail: ${said}`)
  // A refused sign-in is the operator's to mend, and then the mail goes out.
  const final = responseCode !== undefined && responseCode >= 500 && command !== 'AUTH' && responseCode !== 530
  return new MailError(final ? 'PERMANENT' : 'TEMPORARY', `the SMTP server did not take the mail: ${said}`)
}

function describe(error: unknown): { responseCode?: number; command?: string; message: string } {
  if (!(error instanceof Error)) return { message: 'unknown reason' }
  const { responseCode, command } = error as { responseCode?: unknown; command?: unknown }
  return {
    message: error.message,
    ...(typeof responseCode === 'number' && { responseCode }),
    ...(typeof command === 'string' && { command: command.split(' ', 1)[0] ?? '' }),
  }
}
