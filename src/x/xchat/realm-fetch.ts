/*
 * juicebox-sdk asks the realms with the global `fetch` of its thread and knows no time limit, no redirects and no bounds.
 * In a thread of our own that global is ours to replace.
 */

/** Far more than any answer of a realm: those of hardware realms are padded to 436 bytes. */
const MAX_BYTES = 64 * 1024

/**
 * A fetch that asks these addresses only, follows nothing, and rejects after `timeoutMs` however far it got, or when the
 * answer is larger than any realm's.
 */
export function realmFetch(addresses: readonly string[], timeoutMs: number, fetch: typeof globalThis.fetch) {
  return async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init)
    const asked = new URL(request.url)
    if (!addresses.some((address) => isBelow(asked, new URL(address)))) throw new TypeError('not an address of a realm')
    const signal = AbortSignal.timeout(timeoutMs)
    const response = await fetch(request, { redirect: 'error', signal })
    const body = await readBounded(response)
    return new Response(body.length > 0 ? body : null, { status: response.status, headers: response.headers })
  }
}

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
