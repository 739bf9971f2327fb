/*
 * juicebox-sdk asks the realms with the global `fetch` of its thread, and knows no time limit, no bounds and no address
 * that it would not follow. In a thread of our own that global is ours to replace.
 */

/** Far more than any answer of a realm: those of hardware realms are padded to 436 bytes. */
const MAX_BYTES = 64 * 1024

/**
 * A fetch that asks these addresses only and follows nothing. It rejects when an answer is larger than any realm's, or
 * takes longer than `timeoutMs` from first to last byte; a realm that was silent once is not asked again, for the SDK
 * asks up to five times, and each time may be a guess.
 */
export function realmFetch(addresses: readonly string[], timeoutMs: number, fetch: typeof globalThis.fetch) {
  const silent = new Set<string>()
  return async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init)
    const realm = addresses.find((address) => isBelow(new URL(request.url), new URL(address)))
    if (realm === undefined) throw new TypeError('not an address of a realm')
    if (silent.has(realm)) throw new TypeError('this realm does not answer')
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      const response = await fetch(request, { redirect: 'error', signal })
      const body = await readBounded(response)
      return new Response(body.length > 0 ? body : null, { status: response.status, headers: response.headers })
    } finally {
      if (signal.aborted) silent.add(realm)
    }
  }
}

/** As the SDK joins them: `req` replaces what follows the last slash of the address. */
function isBelow(asked: URL, address: URL): boolean {
  const folder = address.pathname.slice(0, address.pathname.lastIndexOf('/') + 1)
  return asked.origin === address.origin && asked.pathname.startsWith(folder)
}

async function readBounded(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > MAX_BYTES) throw new TypeError('the answer is too long')
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}
