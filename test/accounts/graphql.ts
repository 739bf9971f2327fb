import type { Simulator } from '../../simulator/index.ts'
import type { App } from '../../src/app.ts'
import { isTransient } from '../../src/store/transient.ts'
import { query, tokenFor } from '../helpers/perch.ts'

/* What an administrator's frontend does with accounts, for tests of many kinds. */

/** Empties tables beside a program that runs, and may hold what is wanted the other way round. */
export async function empty({ store: { prisma } }: Pick<App, 'store'>, ...tables: readonly string[]): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await prisma.$executeRawUnsafe(`TRUNCATE ${tables.join()} CASCADE`)
      return
    } catch (error) {
      if (tries === 10 || !isTransient(error)) throw error
    }
  }
}

export interface UserErrorSeen {
  readonly code: string
  readonly field: readonly string[]
  readonly message: string
}

export interface AccountSeen {
  readonly id: string
  readonly screenName: string
  readonly status: string
  readonly isDefault: boolean
  readonly allowReplies: boolean
  readonly captureMentions: boolean
  readonly captureDirectMessages: boolean
  readonly manualConversion: boolean
  readonly canReply: boolean
}

export interface PayloadSeen {
  readonly account: AccountSeen | null
  readonly userErrors: readonly UserErrorSeen[]
  readonly warnings?: readonly { code: string; message: string }[]
  readonly position: string
}

export const ACCOUNT = `id screenName status isDefault allowReplies captureMentions captureDirectMessages manualConversion canReply`
const PAYLOAD = `account { ${ACCOUNT} } userErrors { code field message } position`

/** Calls a mutation whose payload has an account. */
export async function mutate(
  app: App,
  name: string,
  input: object,
  who: 'admin' | 'agent' = 'admin',
  more = '',
): Promise<PayloadSeen> {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`
  const text = `mutation ($input: ${type}!) { ${name}(input: $input) { ${PAYLOAD} ${more} } }`
  const answer = await query<Record<string, PayloadSeen>>(app.url, await tokenFor(app, who), text, { input })
  return answer[name] as PayloadSeen
}

export async function startAuthorization(
  app: App,
  accountId?: string,
): Promise<{ authorizeUrl: string | null; userErrors: readonly UserErrorSeen[]; expiresAt: string | null }> {
  const text = `mutation ($id: ID) { startAccountAuthorization(input: { accountId: $id }) {
    authorizeUrl expiresAt userErrors { code field message } position } }`
  const answer = await query<{ startAccountAuthorization: Awaited<ReturnType<typeof startAuthorization>> }>(
    app.url,
    await tokenFor(app, 'admin'),
    text,
    { id: accountId },
  )
  return answer.startAccountAuthorization
}

/** Consents (or not) on X's page as `user` would; gives where X sends the browser. */
export async function consent(
  authorizeUrl: string,
  userId: string,
  decision: 'authorize' | 'cancel' = 'authorize',
): Promise<URL> {
  const page = new URL(authorizeUrl)
  const form = new URLSearchParams(page.searchParams)
  form.set('user_id', userId)
  form.set('decision', decision)
  const answer = await fetch(new URL(page.pathname, page.origin), { method: 'POST', body: form, redirect: 'manual' })
  const location = answer.headers.get('location')
  if (!location) throw new Error(`X's page answered ${answer.status}: ${await answer.text()}`)
  return new URL(location)
}

/** The whole flow by `completeAccountAuthorization`. */
export async function connect(app: App, userId: string, accountId?: string): Promise<PayloadSeen> {
  const { authorizeUrl, userErrors } = await startAuthorization(app, accountId)
  if (authorizeUrl === null) return { account: null, userErrors, position: '' }
  return complete(app, await consent(authorizeUrl, userId))
}

/** Hands what X sent back to `completeAccountAuthorization`. */
export function complete(app: App, back: URL, who: 'admin' | 'agent' = 'admin'): Promise<PayloadSeen> {
  const { state, code, error } = Object.fromEntries(back.searchParams)
  return mutate(app, 'completeAccountAuthorization', { state, code, error }, who)
}

/** `count` people on X who could be brands. */
export function brands(simulator: Simulator, count: number, name = 'brand'): string[] {
  return Array.from(
    { length: count },
    (_, n) => simulator.createUser({ username: `${name}_${n}`, name: `Brand ${n}` }).id,
  )
}

export async function accounts(app: App, who: 'admin' | 'agent' = 'admin'): Promise<AccountSeen[]> {
  const answer = await query<{ accounts: AccountSeen[] }>(
    app.url,
    await tokenFor(app, who),
    `{ accounts { ${ACCOUNT} } }`,
  )
  return answer.accounts
}
