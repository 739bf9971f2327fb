/** What the commands exit with. Documented in docs/scripts.md. */
export const EXIT = {
  /** All was done. */
  ok: 0,
  /** It could not be run, or Perch refused. */
  refused: 1,
  /** The command line, or the filter, is wrong. */
  usage: 2,
  /** Some tickets were left alone. */
  someFailed: 3,
  /** The bulk update was cancelled, or failed as a whole. */
  stopped: 4,
  /** Somebody pressed Ctrl-C: 128 and the number of the signal. */
  interrupted: 130,
} as const

type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** The end of a command: a sentence for people, and what to exit with. */
export class CommandError extends Error {
  readonly exitCode: ExitCode

  constructor(message: string, exitCode: ExitCode = EXIT.refused) {
    super(message)
    this.exitCode = exitCode
  }
}

/** Says a sentence to people: on standard error, for standard output is for data. */
export const say = (sentence: string): void => void process.stderr.write(`${sentence}\n`)
