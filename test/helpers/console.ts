import { createClient } from 'graphql-ws'
import { vi } from 'vitest'
import WebSocket from 'ws'

/** A subscription over graphql-transport-ws, and all that came of it. */
export interface Watched<Item> {
  readonly seen: readonly Item[]
  /** Resolves with the first item, seen or to come, that is wanted. */
  find(wanted: (item: Item) => boolean, ms?: number): Promise<Item>
  /** Why it ended, if it did. */
  failure(): unknown
  close(): Promise<void>
}

/** Subscribes as a console does. `field` is the subscription's only field; its values are collected. */
export function watch<Item>(
  url: string,
  token: string,
  field: string,
  query: string,
  variables: object = {},
): Watched<Item> {
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
    retryAttempts: 0,
    lazy: false,
    onNonLazyError: () => {},
  })
  const seen: Item[] = []
  let failure: unknown
  const done = (async () => {
    try {
      for await (const { data, errors } of client.iterate<Record<string, Item>>({
        query,
        variables: { ...variables },
      })) {
        if (errors) throw new Error(JSON.stringify(errors))
        const item = data?.[field]
        if (item !== undefined) seen.push(item)
      }
    } catch (error) {
      failure = error
    }
  })()
  return {
    seen,
    find: (wanted, ms = 10_000) =>
      vi.waitFor(
        () => {
          const found = seen.find(wanted)
          if (found === undefined) throw new Error(`not among ${JSON.stringify(seen)} ${String(failure ?? '')}`)
          return found
        },
        { timeout: ms, interval: 10 },
      ),
    failure: () => failure,
    async close() {
      client.terminate()
      await client.dispose()
      await done
    },
  }
}
