import type { SendMailOptions } from 'nodemailer'
import type { Mail } from './mailer.ts'

/** A mail as nodemailer takes it. Every value is a value of one header: no text of ours or of X's adds another. */
export function toMessage(mail: Mail, from: string): SendMailOptions {
  return {
    from,
    to: { name: '', address: oneLine(mail.to) },
    subject: oneLine(mail.subject),
    text: mail.text,
    html: mail.html,
    messageId: bracketed(mail.messageId),
    ...(mail.inReplyTo !== undefined && { inReplyTo: bracketed(mail.inReplyTo) }),
    ...(mail.references && { references: mail.references.map(bracketed) }),
    ...(mail.replyTo !== undefined && { replyTo: { name: '', address: oneLine(mail.replyTo) } }),
    // RFC 3834: nobody's holiday notice answers a machine.
    ...(!mail.personal && { headers: { 'Auto-Submitted': 'auto-generated' } }),
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

/** Of what others made, what is no letter of a message id is left out. */
const bracketed = (id: string): string => `<${id.replaceAll(/[^\w.!#$%&'*+/=?^{|}~@-]/g, '')}>`

const oneLine = (text: string): string => text.replaceAll(/\p{Cc}+/gu, ' ').trim()
