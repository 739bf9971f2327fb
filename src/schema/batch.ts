/**
 * Collects the keys asked for while one tick's resolvers run, and loads them together. `load` answers in the
 * order of the keys; when it fails, so does every key of that batch.
 */
export function createBatch<Key, Value>(load: (keys: readonly Key[]) => Promise<readonly Value[]>) {
  type Waiting = { key: Key; resolve: (value: Value) => void; reject: (error: unknown) => void }
  let waiting: Waiting[] = []

  const flush = async () => {
    const batch = waiting
    waiting = []
    try {
      const values = await load(batch.map(({ key }) => key))
      batch.forEach(({ resolve, reject }, index) => {
        const value = values[index]
        if (value === undefined) reject(new Error('A batch came back with fewer values than keys.'))
        else resolve(value)
      })
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  return (key: Key): Promise<Value> =>
    new Promise((resolve, reject) => {
      // After the microtasks of this tick: sibling rows resolve their fields in those.
      if (waiting.length === 0) setImmediate(() => void flush())
      waiting.push({ key, resolve, reject })
    })
}
