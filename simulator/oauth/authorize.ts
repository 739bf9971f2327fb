import type { App } from '../core/settings.ts'
import type { Simulation } from '../core/simulation.ts'
import type { Reply } from '../http/problems.ts'
import type { OpenRoute } from '../http/router.ts'
import { brokenLinkPage, consentPage } from './consent-page.ts'
import { SCOPES } from './scopes.ts'

const html = (status: number, body: string): Reply => ({
  status,
  body,
  headers: { 'content-type': 'text/html; charset=utf-8' },
})

interface LinkFields {
  readonly app: App
  readonly redirectUri: string
  readonly scopes: readonly string[]
  readonly state: string
  readonly challenge: string
  readonly method: 'S256' | 'plain'
}

const PARAMETERS = [
  ...(['response_type', 'client_id', 'redirect_uri', 'scope', 'state'] as const),
  ...(['code_challenge', 'code_challenge_method'] as const),
]

/** The fields of an authorize link, or what is wrong with it (RFC 6749 §4.1.1, RFC 7636 §4.3). */
function readLink(simulation: Simulation, get: (name: string) => string): LinkFields | string {
  const app = simulation.apps.get(get('client_id'))
  if (!app) return 'the client_id is not known'
  const redirectUri = get('redirect_uri')
  if (!URL.canParse(redirectUri)) return 'the redirect_uri is not an address'
  if (app.redirectUris.length > 0 && !app.redirectUris.includes(redirectUri)) {
    return 'the redirect_uri is not registered for this app'
  }
  if (get('response_type') !== 'code') return 'the response_type must be "code"'
  const scopes = get('scope').split(/[ +]/).filter(Boolean)
  const unknown = scopes.find((scope) => !Object.hasOwn(SCOPES, scope))
  if (unknown !== undefined) return `the scope "${unknown}" does not exist`
  if (scopes.length === 0) return 'no scope is asked for'
  const state = get('state')
  if (state === '') return 'the state is missing'
  const challenge = get('code_challenge')
  if (challenge === '') return 'the code_challenge is missing'
  // Clients differ in the letter case: twitter-api-v2 sends "s256".
  const method = get('code_challenge_method').toLowerCase()
  if (method !== 's256' && method !== 'plain') return 'the code_challenge_method must be "S256" or "plain"'
  return { app, redirectUri, scopes, state, challenge, method: method === 'plain' ? 'plain' : 'S256' }
}

function back(redirectUri: string, query: Readonly<Record<string, string>>): Reply {
  const url = new URL(redirectUri)
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  return { status: 302, body: '', headers: { location: url.href, 'content-type': 'text/html; charset=utf-8' } }
}

/** The consent page and what its buttons do. */
export const authorizeRoutes: readonly OpenRoute[] = [
  {
    method: 'GET',
    path: '/i/oauth2/authorize',
    open: ({ query, simulation }) => {
      const link = readLink(simulation, (name) => query.get(name) ?? '')
      if (typeof link === 'string') return html(400, brokenLinkPage(link))
      const hidden = Object.fromEntries(PARAMETERS.map((name) => [name, query.get(name) ?? '']))
      const users = [...simulation.world.users.values()].filter((user) => !user.suspended)
      return html(200, consentPage(link.app, link.scopes, users, hidden))
    },
  },
  {
    method: 'POST',
    path: '/i/oauth2/authorize',
    open: ({ body, simulation }) => {
      const fields = new Map(Object.entries(body ?? {}).map(([name, value]) => [name, String(value)]))
      const link = readLink(simulation, (name) => fields.get(name) ?? '')
      if (typeof link === 'string') return html(400, brokenLinkPage(link))
      if (fields.get('decision') !== 'authorize') {
        return back(link.redirectUri, { state: link.state, error: 'access_denied' })
      }
      const user = simulation.world.users.get(fields.get('user_id') ?? '')
      if (!user) return html(400, brokenLinkPage('no such user'))
      const code = simulation.grants.issueCode({
        clientId: link.app.clientId,
        userId: user.id,
        scopes: link.scopes,
        redirectUri: link.redirectUri,
        codeChallenge: link.challenge,
        codeChallengeMethod: link.method,
      })
      return back(link.redirectUri, { state: link.state, code })
    },
  },
]
