import type { IncomingMessage, ServerResponse } from 'node:http'
import { PerchError } from '../domain/errors.ts'
import type { SignInRefusal, SignIns } from '../requesters/requesters.ts'
import type { TokenSigner } from './auth.ts'
import { clientAddressOf } from './client-address.ts'
import { sendJson } from './health.ts'
import { type OAuthPage, showPage } from './oauth-page.ts'
import { createRateLimit } from './rate-limit.ts'
import type { RequesterCookies } from './requester-cookies.ts'
import { type Handler, pathOf, type Routes } from './router.ts'

export interface RequesterDoorOptions {
  readonly signIns: SignIns
  readonly cookies: RequesterCookies
  readonly signer: TokenSigner
  /** Whether requesters have a page (F50). */
  readonly hasPage: () => Promise<boolean>
  /** Answers with a file of the page, or the page itself; false: there is none at this path. */
  readonly files: (request: IncomingMessage, response: ServerResponse) => boolean
  /** Where people reach us. */
  readonly publicUrl: () => string
  /** Proxies of ours in front, whose word it is where a request comes from. */
  readonly trustedProxies: number
}

export const CALLBACK_PATH = '/requester/callback'

/** How long somebody stays signed in without X being asked again, in seconds. */
const SESSION_SECONDS = 2 * 3600
/** The state's own ten minutes. */
const LEAVING_SECONDS = 600
/** Ways to X that one address may begin within a minute: a whole company may be behind one. */
export const SIGN_INS_A_MINUTE = 60
/** Where the page may be entered: an address from outside leads nowhere else. */
const ENTRANCES = /^\/requester\/(?:tickets\/[1-9][0-9]{0,9}|profile|confirm-email)?$/

/** The requester's page, and the way in (F50, F51, F53). */
export function requesterDoors(options: RequesterDoorOptions): Routes {
  const handlers: Readonly<Record<string, Handler>> = {
    '/requester/sign-in': signIn(options),
    [CALLBACK_PATH]: callback(options),
    '/requester/sign-out': signOut(options),
  }
  const enter: Handler = async (request, response) => {
    if (!(await options.hasPage())) return showPage(response, NO_PAGE)
    const path = pathOf(request)
    if (path === '/requester') {
      response.writeHead(308, { location: '/requester/' }).end()
      return
    }
    const handler = handlers[path]
    if (handler) return handler(request, response)
    if (!isReading(request)) return notThatWay(response, 'GET, HEAD')
    if (!options.files(request, response)) showPage(response, NOTHING_HERE)
  }
  return { '/requester': enter, '/requester/*': enter }
}

/** Leads on to X, which asks the person; `return` is where they go on. */
function signIn({ signIns, cookies, publicUrl, trustedProxies }: RequesterDoorOptions): Handler {
  // Anybody may begin, and each way that is begun is a row.
  const limit = createRateLimit(SIGN_INS_A_MINUTE, 60_000)
  return async (request, response) => {
    if (request.method !== 'GET') return notThatWay(response, 'GET')
    const query = queryOf(request)
    const wanted = query.get('return') ?? ''
    const returnTo = ENTRANCES.test(wanted) ? wanted : '/requester/'
    // X leads back to the public address, and a cookie that was set at another (localhost) would not be there. Once
    // only: behind a proxy the name may differ for good.
    if (request.headers.host !== new URL(publicUrl()).host && !query.has('here')) {
      const location = `${publicUrl()}/requester/sign-in?here&return=${encodeURIComponent(returnTo)}`
      response.writeHead(303, { location, 'cache-control': 'no-store' }).end()
      return
    }
    const wait = limit.take(clientAddressOf(request, trustedProxies))
    if (wait > 0) {
      response.setHeader('retry-after', wait)
      return showPage(response, TOO_OFTEN)
    }
    const started = await signIns.start(returnTo)
    if (!started) return showPage(response, REFUSED.CLOSED)
    response
      .writeHead(303, {
        location: started.url,
        'set-cookie': cookies.leaving(started.browser, LEAVING_SECONDS),
        'cache-control': 'no-store',
      })
      .end()
  }
}

/** Where X sends the browser back to (RFC 6749 §4.1.2). */
function callback({ signIns, cookies, signer, publicUrl }: RequesterDoorOptions): Handler {
  return async (request, response) => {
    if (request.method !== 'GET') return notThatWay(response, 'GET')
    const query = queryOf(request)
    const answer = { state: query.get('state') ?? '', code: query.get('code'), error: query.get('error') }
    const outcome = await signIns.complete(answer, cookies.browserOf(request))
    if (outcome.refused) {
      // What belongs to another way to X that is still open stays.
      if (outcome.refused !== 'STALE') response.setHeader('set-cookie', cookies.back())
      return showPage(response, REFUSED[outcome.refused])
    }
    const token = await signer.sign({
      sub: outcome.userId,
      role: 'END_USER',
      ttlSeconds: SESSION_SECONDS,
      generation: outcome.sessionGeneration,
    })
    response
      .writeHead(303, {
        location: publicUrl() + outcome.returnTo,
        'set-cookie': [cookies.signedIn(token, SESSION_SECONDS), cookies.back()],
        'cache-control': 'no-store',
      })
      .end()
  }
}

function signOut({ cookies }: RequesterDoorOptions): Handler {
  return (request, response) => {
    if (request.method !== 'POST') return notThatWay(response, 'POST')
    try {
      cookies.requireOwnPage(request)
    } catch (error) {
      if (!(error instanceof PerchError)) throw error
      return sendJson(response, 403, { error: error.message })
    }
    response.writeHead(204, { 'set-cookie': cookies.signedOut(), 'cache-control': 'no-store' }).end()
  }
}

const isReading = ({ method }: IncomingMessage): boolean => method === 'GET' || method === 'HEAD'

const queryOf = ({ url }: IncomingMessage): URLSearchParams => new URL(url ?? '/', 'http://localhost').searchParams

function notThatWay(response: ServerResponse, allow: string): void {
  response.setHeader('allow', allow)
  showPage(response, { status: 405, title: 'Not that way', text: 'This address is for browsers.' })
}

const NO_PAGE: OAuthPage = { status: 404, title: 'Nothing here', text: 'There is no page for requesters.' }
const NOTHING_HERE: OAuthPage = { status: 404, title: 'Nothing here', text: 'There is no such page.' }

const refused = (status: number, text: string): OAuthPage => ({ status, title: 'You are not signed in', text })
const TOO_OFTEN = refused(429, 'Too many sign-ins were begun from your network. Wait a minute, and try again.')
const REFUSED: Readonly<Record<SignInRefusal, OAuthPage>> = {
  CLOSED: refused(404, 'Signing in is not possible here at the moment.'),
  STALE: refused(400, 'This sign-in was begun elsewhere, took too long, or is over. Go back and sign in again.'),
  DENIED: refused(403, 'You did not let us ask X who you are. Go back to try again.'),
  X_UNAVAILABLE: refused(502, 'X did not answer, or not sensibly. Go back and sign in again.'),
  SUSPENDED: refused(403, 'You cannot sign in here.'),
}
