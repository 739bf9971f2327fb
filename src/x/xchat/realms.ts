import { z } from 'zod'
import { XError } from '../errors.ts'
import type { PublicKeyRecord } from './public-keys.ts'

const configuration = z.object({
  realms: z.array(z.object({ id: z.string().regex(/^[0-9a-f]{32}$/i), address: z.url() })).min(1),
})

/** Where an account's key shares lie, and how its owner identifies there. */
export interface RealmAccess {
  /** As the SDK takes it. */
  readonly configuration: string
  readonly addresses: readonly string[]
  /** By realm id, in lower case. */
  readonly tokens: ReadonlyMap<string, string>
}

/** Reads a `juicebox_config`. Throws XError UNAVAILABLE when it is none. */
export function realmAccess({ key_store_token_map_json: json, token_map: tokens }: JuiceboxConfig): RealmAccess {
  const parsed = configuration.safeParse(parseJson(json))
  if (!parsed.success) throw new XError('UNAVAILABLE', 'juicebox_config: not a configuration of realms')
  return {
    configuration: json,
    addresses: parsed.data.realms.map(({ address }) => address),
    tokens: new Map(tokens.map(({ key, value }) => [key.toLowerCase(), value.token])),
  }
}

type JuiceboxConfig = NonNullable<PublicKeyRecord['juicebox_config']>

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/

/** Whether a PIN may go there: over TLS, or to this machine, where a simulator is. */
export function isSafeAddress(address: string): boolean {
  const { protocol, hostname } = new URL(address)
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
