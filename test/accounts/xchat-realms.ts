import type { PinRecovery, XChat } from '../../src/x/xchat.ts'

type Recover = XChat['recover']

/**
 * Realms that count guesses as X's do, behind the interface of src/x/xchat.ts: for what the real ones cannot be made
 * to do at a given moment. Shared by all "processes" of a test, as X is.
 */
export function scriptedRealms(pin: string) {
  let entering: (() => void) | undefined
  let gate: Promise<void> | undefined
  const realms = {
    pin,
    left: 20,
    /** Guesses that were made, right or wrong. */
    guesses: 0,
    /** The most that ran at once. */
    most: 0,
    running: 0,
    /** What they answer instead of judging the PIN. */
    answer: undefined as PinRecovery | (() => never) | undefined,
    /** Holds the next guess; gives when it has come, and how to let it go on. */
    hold(): { readonly entered: Promise<void>; release(): void } {
      let release = (): void => {}
      const entered = new Promise<void>((resolve) => {
        entering = resolve
      })
      gate = new Promise<void>((resolve) => {
        release = resolve
      })
      return { entered, release }
    },
    /** As they were in the beginning. */
    reset(): void {
      Object.assign(realms, { pin, left: 20, guesses: 0, most: 0, answer: undefined })
    },
    recover: (async ({ pin: guess }) => {
      realms.running += 1
      realms.most = Math.max(realms.most, realms.running)
      try {
        entering?.()
        entering = undefined
        const held = gate
        gate = undefined
        await (held ?? new Promise((resolve) => setImmediate(resolve)))
        return judge(guess)
      } finally {
        realms.running -= 1
      }
    }) satisfies Recover,
  }

  function judge(guess: string): PinRecovery {
    if (typeof realms.answer === 'function') return realms.answer()
    if (realms.answer) return realms.answer
    realms.guesses += 1
    if (realms.left === 0) return { outcome: 'GUESSES_EXHAUSTED' }
    if (guess !== realms.pin) {
      realms.left -= 1
      return realms.left === 0 ? { outcome: 'GUESSES_EXHAUSTED' } : { outcome: 'WRONG_PIN', guessesLeft: realms.left }
    }
    realms.left = 20
    return { outcome: 'CONFIRMED', secretKey: SECRET_KEY, keyVersion: '7' }
  }
  return realms
}

export type ScriptedRealms = ReturnType<typeof scriptedRealms>

/** What is recovered with the right PIN. */
export const SECRET_KEY = 'dGhlIHNlY3JldCBrZXkgb2YgYWNtZQ'
