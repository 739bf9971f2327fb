import { CommandError, EXIT } from './outcome.ts'
import { makeToken } from './token.ts'

/** Options of every command that asks a Perch. */
export const SERVER_OPTIONS = { url: { type: 'string' }, token: { type: 'string' } } as const

export const SERVER_USAGE = `  --url URL                the Perch to ask; http://127.0.0.1:4000 (or PORT) if not given
  --token TOKEN            an access token; else PERCH_TOKEN; else one is made, where the deployment's settings are`

const NEW_MS = 60_000

/** Which Perch to ask, and as whom. */
export interface Server {
  /** Where GraphQL is, `http://…`. */
  readonly http: string
  /** The same, `ws://…`. */
  readonly ws: string
  readonly token: () => Promise<string>
  /** Whether `token` can give a better one when the present one is refused. */
  readonly renewable: boolean
}

/** Reads `--url` and `--token`, and what the environment says in their place. Throws CommandError. */
export function readServer(values: { readonly url?: string | undefined; readonly token?: string | undefined }): Server {
  const address = values.url ?? `http://127.0.0.1:${process.env['PORT'] || 4000}`
  if (!/^(https?|wss?):\/\//.test(address) || !URL.canParse(address))
    throw new CommandError('--url must be an address such as http://127.0.0.1:4000.', EXIT.usage)
  const url = new URL(address)
  if (url.username || url.password)
    throw new CommandError('--url takes no user name and no password; an access token goes with --token.', EXIT.usage)
  if (url.pathname === '/') url.pathname = '/graphql'
  const given = values.token ?? process.env['PERCH_TOKEN']
  if (given && !/^[\x21-\x7e]+$/.test(given))
    throw new CommandError(
      'The token has characters that no token has: copy it whole, and nothing beside it.',
      EXIT.usage,
    )
  const as = (protocol: 'http' | 'ws') => {
    const copy = new URL(url)
    copy.protocol = copy.protocol.replace(/^(http|ws)/, protocol)
    return copy.href
  }
  return { http: as('http'), ws: as('ws'), renewable: !given, token: given ? async () => given : tokenMaker() }
}

/** Made anew when the last is not new any more: one that was just made and is refused would be refused again. */
function tokenMaker(): () => Promise<string> {
  let last: { readonly at: number; readonly token: Promise<string> } | undefined
  return () => {
    if (!last || performance.now() - last.at > NEW_MS) last = { at: performance.now(), token: makeToken() }
    return last.token
  }
}
