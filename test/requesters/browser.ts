import { consent } from '../accounts/graphql.ts'

/** What a browser does for the requester's page: it keeps cookies, and sends what pages of the site would send. */
export interface Browser {
  /** Cookies by name. */
  readonly jar: Map<string, string>
  /** Every Set-Cookie line so far. */
  readonly lines: readonly string[]
  open(path: string, init?: RequestInit): Promise<Response>
  /** An operation as the page sends it. */
  ask<Data = Record<string, unknown>>(
    query: string,
    variables?: object,
    headers?: Record<string, string>,
  ): Promise<{ status: number; data: Data; code: string | undefined }>
  /** Signs in with X as this user; gives the answer of the callback. */
  signIn(xUserId: string, decision?: 'authorize' | 'cancel'): Promise<Response>
  /** Begins to sign in; gives where X sends the browser back to. */
  consent(xUserId: string, decision?: 'authorize' | 'cancel'): Promise<URL>
}

/** How the page names itself (src/server/requester-cookies.ts). */
export const OWN_PAGE = { 'x-perch-page': 'requester', 'sec-fetch-site': 'same-origin' }

export function browser(site: string, returnTo = '/requester/'): Browser {
  const jar = new Map<string, string>()
  const lines: string[] = []
  async function open(path: string, init: RequestInit = {}): Promise<Response> {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...(cookie && { cookie }), ...Object.fromEntries(new Headers(init.headers)) }
    const response = await fetch(new URL(path, site), { redirect: 'manual', ...init, headers })
    for (const line of response.headers.getSetCookie()) {
      lines.push(line)
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/Max-Age=0(?:;|$)/.test(line)) jar.delete(name)
      else jar.set(name, value)
    }
    return response
  }
  async function consented(xUserId: string, decision?: 'authorize' | 'cancel'): Promise<URL> {
    const leaving = await open(`/requester/sign-in?return=${encodeURIComponent(returnTo)}`)
    const location = leaving.headers.get('location')
    if (leaving.status !== 303 || !location) throw new Error(`not led to X: ${leaving.status}`)
    return consent(location, xUserId, decision)
  }
  return {
    jar,
    lines,
    open,
    consent: consented,
    signIn: async (xUserId, decision) => open((await consented(xUserId, decision)).href),
    async ask<Data>(query: string, variables: object = {}, headers: Record<string, string> = OWN_PAGE) {
      const response = await open('/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json', origin: site, ...headers },
        body: JSON.stringify({ query, variables }),
      })
      const body = (await response.json()) as { data: Data; errors?: { extensions: { code: string } }[] }
      return { status: response.status, data: body.data, code: body.errors?.[0]?.extensions.code }
    },
  }
}
