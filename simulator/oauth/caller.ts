import type { IncomingHttpHeaders } from 'node:http'
import type { App } from '../core/settings.ts'
import type { Simulation } from '../core/simulation.ts'
import { plainProblem, suspended, unsupportedAuthentication } from '../http/problems.ts'
import type { XUser } from '../world/model.ts'

/** Who may call: users' tokens with these scopes, an app's bearer token, or both. */
export interface Access {
  readonly user?: readonly string[]
  readonly app?: boolean
}

/** Who is calling: an app by itself, or an app for a user. */
export type Caller =
  | { readonly kind: 'app'; readonly app: App }
  | { readonly kind: 'user'; readonly app: App; readonly user: XUser; readonly scopes: ReadonlySet<string> }

/** Reads the bearer token and checks it against what the route asks for. Throws X's 401 or 403. */
export function authorize(headers: IncomingHttpHeaders, access: Access, simulation: Simulation): Caller {
  const [, token] = /^Bearer (.+)$/i.exec(headers.authorization ?? '') ?? []
  if (token === undefined) throw plainProblem(401)
  const app = [...simulation.apps.values()].find(({ bearerToken }) => bearerToken === token)
  if (app) {
    if (!access.app) throw unsupportedAuthentication('OAuth 2.0 Application-Only')
    return { kind: 'app', app }
  }
  const grant = simulation.grants.authenticate(token)
  const user = grant && simulation.world.users.get(grant.userId)
  const userApp = grant && simulation.apps.get(grant.clientId)
  if (!user || !userApp) throw plainProblem(401)
  if (user.suspended) throw suspended()
  if (!access.user) throw unsupportedAuthentication('OAuth 2.0 User Context')
  const scopes = new Set(grant.scopes)
  if (!access.user.every((scope) => scopes.has(scope))) throw plainProblem(403)
  return { kind: 'user', app: userApp, user, scopes }
}
