/** Perch cannot start; the message is one sentence for the operator, who sees nothing else. */
export class StartupError extends Error {
  override readonly name = 'StartupError'
}
