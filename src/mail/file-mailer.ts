import { randomBytes } from 'node:crypto'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import type { Logger } from 'pino'
import { MailError, type Mailer } from './mailer.ts'
import { toMessage } from './message.ts'

/**
 * Writes mails as .eml files (RFC 5322) that mail programs open, and says where: what there is without SMTP_URL. The same
 * mail again replaces its file.
 */
export function createFileMailer({ folder, from, logger }: { folder: string; from: string; logger: Logger }): Mailer {
  const transport = createTransport({ streamTransport: true, buffer: true, newline: 'windows' })
  return {
    async send(mail) {
      const file = join(folder, `${mail.messageId.replaceAll(/[^\w.-]/g, '_')}.eml`)
      const draft = `${file}.${randomBytes(4).toString('hex')}`
      const { message } = await transport.sendMail(toMessage(mail, from))
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        // It holds a link that begins something in a person's name.
        await writeFile(draft, Buffer.isBuffer(message) ? message : '', { mode: 0o600 })
        await rename(draft, file)
      } catch (error) {
        await rm(draft, { force: true }).catch(() => {})
        const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason'
        throw new MailError('TEMPORARY', `the mail cannot be written to ${folder}: ${code}`)
      }
      logger.info({ file, subject: mail.subject }, 'an e-mail was written to a file, as SMTP_URL is not set')
    },
    async close() {},
  }
}
