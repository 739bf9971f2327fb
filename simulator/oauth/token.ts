import type { App } from '../core/settings.ts'
import type { Reply } from '../http/problems.ts'
import type { Call, OpenRoute } from '../http/router.ts'

const refuse = (status: number, error: string, description: string): Reply => ({
  status,
  body: { error, error_description: description },
})

const MISSING_HEADER = refuse(401, 'unauthorized_client', 'Missing valid authorization header')

const field = (body: unknown, name: string): string => {
  const value = typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined
  return typeof value === 'string' ? value : ''
}

/** Confidential clients come with Basic authorization; public ones name themselves in the body (RFC 6749 §2.3). */
function clientOf({ headers, body, simulation }: Call): App | Reply {
  const [, basic] = /^Basic (.+)$/i.exec(headers.authorization ?? '') ?? []
  if (basic !== undefined) {
    const [id = '', secret = ''] = Buffer.from(basic, 'base64').toString().split(':')
    const app = simulation.apps.get(id)
    return app?.clientSecret !== undefined && app.clientSecret === secret ? app : MISSING_HEADER
  }
  const app = simulation.apps.get(field(body, 'client_id'))
  if (!app) return refuse(400, 'invalid_request', 'Missing required parameter [client_id].')
  return app.clientSecret === undefined ? app : MISSING_HEADER
}

/** Tokens for codes and refresh tokens, and their end. Bodies may be JSON or a form. */
export const tokenRoutes: readonly OpenRoute[] = [
  {
    method: 'POST',
    path: '/2/oauth2/token',
    open: (call) => {
      const client = clientOf(call)
      if ('status' in client) return client
      const { body, simulation } = call
      switch (field(body, 'grant_type')) {
        case 'authorization_code': {
          const tokens = simulation.grants.redeemCode(
            field(body, 'code'),
            field(body, 'code_verifier'),
            field(body, 'redirect_uri'),
            client.clientId,
          )
          if (tokens) return { status: 200, body: tokens }
          return refuse(400, 'invalid_request', 'Value passed for the authorization code was invalid.')
        }
        case 'refresh_token': {
          const tokens = simulation.grants.refresh(field(body, 'refresh_token'), client.clientId)
          if (tokens) return { status: 200, body: tokens }
          return refuse(400, 'invalid_request', 'Value passed for the token was invalid.')
        }
        default:
          return refuse(400, 'unsupported_grant_type', 'The grant_type must be authorization_code or refresh_token.')
      }
    },
  },
  {
    method: 'POST',
    path: '/2/oauth2/revoke',
    open: (call) => {
      const client = clientOf(call)
      if ('status' in client) return client
      const token = field(call.body, 'token')
      if (token === '') return refuse(400, 'invalid_request', 'Missing required parameter [token].')
      call.simulation.grants.revokeToken(token, client.clientId)
      return { status: 200, body: { revoked: true } }
    },
  },
]
