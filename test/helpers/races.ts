import type { Store } from '../../src/store/store.ts'

/* Two transactions that meet where the test wants them to. */

/** A store whose next changes wait, done but not committed, until `release`. */
export function held(store: Store): { store: Store; done: Promise<void>; release: () => void } {
  let onDone = () => {}
  let release = () => {}
  const done = new Promise<void>((resolve) => {
    onDone = resolve
  })
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const change: Store['change'] = (actor, work) =>
    store.change(actor, async (scope) => {
      const value = await work(scope)
      onDone()
      await released
      return value
    })
  return { store: { ...store, change }, done, release: () => release() }
}

/** Until a session of this database waits for a lock of another. */
export async function somebodyWaits({ prisma }: Store): Promise<void> {
  for (;;) {
    const [row] = await prisma.$queryRaw<{ waiting: bigint }[]>`
      SELECT count(*) AS waiting FROM pg_locks WHERE NOT granted AND pid IN (
        SELECT pid FROM pg_stat_activity WHERE datname = current_database())`
    if ((row?.waiting ?? 0n) > 0n) return
  }
}
