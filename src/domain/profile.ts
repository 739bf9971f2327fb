import { z } from 'zod'
import { isStorable } from './ticket-tags.ts'

/* What a requester may call themselves, and where they may be written to (F53). */

/** Characters in a name. */
export const NAME_LENGTH = 100
/** RFC 5321 §4.5.3.1.3, without the angle brackets. */
const EMAIL_LENGTH = 254
/** Mails that one person may have sent to addresses that they have not confirmed, within a day. */
export const CONFIRMATIONS_A_DAY = 5

/** The name without white space around it; or what is wrong with it. */
export function readName(text: string): { readonly name: string } | { readonly problem: string } {
  const name = text.trim()
  if (name === '') return { problem: 'A name cannot be empty.' }
  if ([...name].length > NAME_LENGTH) return { problem: `A name has at most ${NAME_LENGTH} characters.` }
  if (!isStorable(name) || /[\p{Cc}\p{Zl}\p{Zp}]/u.test(name)) return { problem: 'A name is one line of text.' }
  return { name }
}

/** The address in lower case, as it is compared and kept; or what is wrong with it. */
export function readEmail(text: string): { readonly email: string } | { readonly problem: string } {
  const email = text.trim().toLowerCase()
  if (email.length > EMAIL_LENGTH || !z.email().safeParse(email).success) {
    return { problem: 'This is not an e-mail address.' }
  }
  return { email }
}
