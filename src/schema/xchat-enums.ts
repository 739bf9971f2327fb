import { builder } from './builder.ts'
import { described } from './enums.ts'

export const XChatStatusEnum = builder.enumType('XChatStatus', {
  description: 'How far an account’s XChat, X’s encrypted messages, can be read.',
  values: described({
    PIN_REQUIRED: 'No PIN was confirmed yet: encrypted messages are kept unread.',
    CONFIRMED: 'The key is there, and encrypted messages are read.',
    KEYS_REPLACED:
      'The account has new keys in X, as after XChat was set up anew: confirm the PIN again. What was sent before is still read.',
    NOT_REGISTERED: 'XChat is not set up in X: set it up there, then confirm its PIN.',
    DISABLED: 'An administrator has switched it off; the key is erased.',
  }),
})

export const XChatPinOutcomeEnum = builder.enumType('XChatPinOutcome', {
  description: 'What became of a PIN.',
  values: described({
    CONFIRMED: 'It is right: the key is kept, sealed, and encrypted messages are read from now on.',
    WRONG_PIN: 'It is wrong, and spent a guess. `guessesLeft` says how many X has left, `attemptsLeft` how many Perch.',
    GUESSES_EXHAUSTED: 'X has deleted the keys after too many wrong PINs: set XChat up anew in X.',
    NOT_REGISTERED: 'XChat is not set up in X.',
    KEYS_REPLACED: 'It is right, but for older keys than the account has now: set the PIN of the new ones in X.',
    REALMS_UNAVAILABLE: 'The servers that keep the key for X do not answer; try again.',
    PIN_FORMAT: 'It is not four digits. Nothing was spent.',
    TOO_MANY_ATTEMPTS:
      'Perch takes no more PINs of this account, or from you, until `retryAt`: X deletes the keys after 20 wrong ones. Nothing was spent.',
    IN_PROGRESS: 'Somebody else is confirming the PIN of this account right now. Nothing was spent.',
  }),
})

export const XChatUnreadReasonEnum = builder.enumType('XChatUnreadReason', {
  description: 'Why an encrypted message was not read. It is kept, and tried again when that may have changed.',
  values: described({
    PIN_NOT_CONFIRMED: 'No PIN was confirmed.',
    KEYS_REPLACED: 'It was sent to newer keys than those confirmed.',
    NO_CONVERSATION_KEY: 'The key of its conversation was not found.',
    NOT_VERIFIED: 'It is not signed by who is said to have sent it.',
    DAMAGED: 'It does not open, or holds nothing that can be understood.',
  }),
})
