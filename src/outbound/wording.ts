import type { SenderRefusal } from '../domain/sender.ts'

/** Why an account cannot answer, in words that an agent can act on. */
export const REFUSAL_WORDS: Readonly<Record<SenderRefusal, string>> = {
  REPLIES_NOT_ALLOWED: 'Replies are not allowed from this account. Choose one that allows them.',
  DEACTIVATED: 'The account is switched off.',
  DEAUTHORIZED: 'X no longer lets the account in; an administrator has to authorize it anew.',
  NOT_SUMMONED: 'X lets an account answer only posts whose author mentions or quotes it, and this post does not.',
  NOT_ADDRESSED: 'The customer wrote to another account; a private conversation is answered by the account it is with.',
  PLAN: 'The plan has public posts only.',
  NO_EMAIL: 'There is no e-mail address of the customer.',
  XCHAT_LOCKED: 'The account’s encrypted messages are locked; an administrator has to confirm its PIN.',
}
