import type { IncomingMessage } from 'node:http'
import { PerchError } from '../domain/errors.ts'

/*
 * The cookies of the requester's page (F53): who is signed in, and who is on the way to X. A cookie comes along whoever
 * wrote the page that sends the request, so one counts at /graphql only where the page is our own: it must send a header
 * that no page elsewhere can add without being let (CORS), and, as far as the browser says where it comes from, come
 * from here. Sockets carry no headers of a page's own; there the browser always names the origin.
 */

export const CSRF_HEADER = 'x-perch-page'
/** How the cookie's token is handed on, so that it is never taken for a token that somebody sent, or the other way. */
export const SESSION_SCHEME = 'Session'

export interface RequesterCookies {
  /** The Set-Cookie line that keeps somebody signed in. */
  signedIn(token: string, seconds: number): string
  signedOut(): string
  /** The Set-Cookie line of the browser that goes to X. */
  leaving(browser: string, seconds: number): string
  back(): string
  /** What the browser brought back from X. */
  browserOf(request: IncomingMessage): string | undefined
  /**
   * What a request says who it is by: its Authorization header, else the cookie. Throws FORBIDDEN for a cookie that did
   * not come from our own page.
   */
  credentialOf(request: IncomingMessage, door: 'http' | 'ws'): string | undefined
  /** Throws FORBIDDEN unless our own page sent the request. */
  requireOwnPage(request: IncomingMessage): void
}

/** `publicUrl`: where people reach us. Over https the cookies are Secure, and bound to the host (RFC 6265bis, `__Host-`). */
export function createRequesterCookies(publicUrl: () => string): RequesterCookies {
  const secure = () => publicUrl().startsWith('https:')
  const nameOf = (name: string) => `${secure() ? '__Host-' : ''}perch_${name}`
  const line = (name: string, value: string, seconds: number) =>
    `${nameOf(name)}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${secure() ? '; Secure' : ''}`
  const isOwn = (origin: string) => origin === new URL(publicUrl()).origin

  const requireOwnPage = ({ headers }: IncomingMessage): void => {
    const { origin, 'sec-fetch-site': site } = headers
    const own = (origin === undefined || isOwn(origin)) && (site === undefined || site === 'same-origin')
    if (own && headers[CSRF_HEADER] !== undefined) return
    throw new PerchError(
      'FORBIDDEN',
      `A cookie counts only with the header ${CSRF_HEADER}, from this server’s own pages. Others send a token.`,
    )
  }

  return {
    signedIn: (token, seconds) => line('requester', token, seconds),
    signedOut: () => line('requester', '', 0),
    leaving: (browser, seconds) => line('sign_in', browser, seconds),
    back: () => line('sign_in', '', 0),
    browserOf: (request) => cookieOf(request, nameOf('sign_in')),
    credentialOf(request, door) {
      const { authorization, origin } = request.headers
      if (authorization !== undefined) return authorization
      const token = cookieOf(request, nameOf('requester'))
      if (token === undefined) return undefined
      if (door === 'http') requireOwnPage(request)
      // Somebody else's page has no say here, and may have a token of its own to send.
      else if (origin === undefined || !isOwn(origin)) return undefined
      return `${SESSION_SCHEME} ${token}`
    },
    requireOwnPage,
  }
}

/** RFC 6265 §4.2.1. Of several of one name the first counts, as it was set for the longest path. */
function cookieOf({ headers }: IncomingMessage, name: string): string | undefined {
  for (const pair of headers.cookie?.split(';') ?? []) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim() || undefined
  }
  return undefined
}
