/** PostgreSQL's serialization_failure and deadlock_detected, and Prisma's name for both. */
const CODES = ['40001', '40P01', 'P2034']

/** Whether running the whole transaction again may succeed: it lost a race, nothing is wrong with it. */
export function isTransient(error: unknown): boolean {
  for (let e: unknown = error, depth = 0; e instanceof Object && depth < 5; depth++) {
    const { code, originalCode, cause, meta } = e as Record<string, unknown>
    if (CODES.includes(String(code)) || CODES.includes(String(originalCode))) return true
    if (
      meta instanceof Object &&
      isTransient({ ...meta, cause: (meta as Record<string, unknown>)['driverAdapterError'] })
    )
      return true
    e = cause
  }
  return false
}
