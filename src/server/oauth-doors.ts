import type { IncomingMessage } from 'node:http'
import type { Accounts } from '../accounts/accounts.ts'
import type { UserErrorCode } from '../domain/errors.ts'
import type { LinkTokens } from './link-tokens.ts'
import { type OAuthPage, showPage } from './oauth-page.ts'
import type { Handler, Routes } from './router.ts'

export interface OAuthDoorOptions {
  readonly accounts: Accounts
  readonly links: LinkTokens
  /** The handle of an account, for people. */
  readonly handleOf: (accountId: string) => Promise<string | undefined>
  /** Whether this is an active administrator. */
  readonly isAdministrator: (userId: string) => Promise<boolean>
}

/** Where X sends the browser back to, and where the links of e-mails begin. */
export function oauthDoors(options: OAuthDoorOptions): Routes {
  return { '/oauth/x/callback': callback(options), '/oauth/x/start': start(options) }
}

/** Statuses of pages by what went wrong; the others are 400. */
const STATUS: Partial<Record<UserErrorCode, number>> = {
  X_UNAVAILABLE: 502,
  ALREADY_CONNECTED: 409,
  ACCOUNT_LIMIT_REACHED: 409,
  WRONG_ACCOUNT: 409,
  NOT_FOUND: 404,
}

/** RFC 6749 §4.1.2: `code` or `error`, with the `state` that says in whose name. */
function callback({ accounts, handleOf }: OAuthDoorOptions): Handler {
  return async (request, response) => {
    const query = queryOf(request)
    if (!query) return showPage(response, NOT_GET)
    const state = query.get('state')
    if (!state) return showPage(response, BROKEN)
    const answer = { state, code: query.get('code'), error: query.get('error') }
    const { accountId, userErrors } = await accounts.completeAuthorization(null, answer)
    const [error] = userErrors
    if (error) return showPage(response, failed(STATUS[error.code] ?? 400, error.message))
    const handle = accountId === null ? undefined : await handleOf(accountId)
    showPage(response, {
      status: 200,
      good: true,
      title: `@${handle ?? 'The account'} is connected`,
      text: 'Perch reads and answers for it now. You can close this window.',
    })
  }
}

/** A link of an e-mail: begins the authorization in the administrator's name and leads on to X. */
function start({ accounts, links, isAdministrator }: OAuthDoorOptions): Handler {
  return async (request, response) => {
    const query = queryOf(request)
    if (!query) return showPage(response, NOT_GET)
    const link = await links.read(query.get('ticket') ?? '')
    if (!link || !(await isAdministrator(link.userId))) return showPage(response, BROKEN)
    const { authorizeUrl, userErrors } = await accounts.startAuthorization(link.userId, link.accountId)
    if (authorizeUrl === null) {
      const [error] = userErrors
      return showPage(response, failed(STATUS[error?.code ?? 'NOT_FOUND'] ?? 400, error?.message ?? ''))
    }
    response.writeHead(303, { location: authorizeUrl, 'cache-control': 'no-store' }).end()
  }
}

function queryOf({ method, url }: IncomingMessage): URLSearchParams | undefined {
  return method === 'GET' ? new URL(url ?? '/', 'http://localhost').searchParams : undefined
}

const failed = (status: number, text: string): OAuthPage => ({ status, title: 'Nothing was changed', text })
const BROKEN = failed(400, 'This link is not valid, or too old. Start anew in Perch.')
const NOT_GET: OAuthPage = { status: 405, title: 'Not here', text: 'This address is for browsers.' }
