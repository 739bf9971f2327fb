import { createInterface } from 'node:readline/promises'
import { CommandError } from '../outcome.ts'

/** Asks on the terminal whether to go on. Throws CommandError when the answer is no. */
export async function confirm(question: string): Promise<void> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  // Ctrl-C and Ctrl-D at the question are a no.
  const no = new Promise<string>((resolve) => terminal.once('close', () => resolve('')))
  terminal.once('SIGINT', () => terminal.close())
  const answer = await Promise.race([terminal.question(`${question} [y/N] `), no])
  terminal.close()
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError('Nothing was changed.')
}
