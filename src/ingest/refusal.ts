/*
 * Why the database said no. A post that it can never store is set aside; for everything else (a lost
 * connection, a full disk, a restart) trying again is right, however long it takes.
 */

/** The SQLSTATE that PostgreSQL gave, as Prisma's pg adapter passes it on; undefined when it gave none. */
function sqlStateOf(error: unknown): string | undefined {
  const path = ['meta', 'driverAdapterError', 'cause', 'originalCode']
  let found = error
  for (const key of path) found = found instanceof Object ? (found as Record<string, unknown>)[key] : undefined
  return typeof found === 'string' ? found : undefined
}

/** Whether a unique index was met (23505). */
export function isUniqueViolation(error: unknown): boolean {
  return sqlStateOf(error) === '23505'
}

/**
 * Whether the content is at fault: SQLSTATE classes 22 (data exception), 23 (integrity) and 54 (limits) of PostgreSQL's
 * appendix A, arguments that Prisma does not take, or a mistake of ours that this content brings out.
 */
export function isRefusal(error: unknown): boolean {
  const state = sqlStateOf(error)
  if (state !== undefined) return /^(?:22|23|54)/.test(state)
  return (
    error instanceof TypeError ||
    error instanceof RangeError ||
    (error instanceof Error && error.name === 'PrismaClientValidationError')
  )
}
