import { connectAccount } from '../accounts/connect.ts'
import type { App } from '../app.ts'
import { SIMULATED_BRAND } from '../simulated-x.ts'
import { StartupError } from '../store/startup-error.ts'

/**
 * Connects the simulator's brand as an administrator would in a browser: consents on X's page, takes the code from the
 * redirect, exchanges it. Done at every start, because the simulator forgets its tokens when it ends; the account and
 * its settings stay.
 */
export async function connectSimulatedBrand(
  { url, store, vault, x }: Pick<App, 'url' | 'store' | 'vault' | 'x'>,
  simulator: URL,
): Promise<void> {
  const redirectUri = `${url}/oauth/x/callback`
  const { url: link, state, codeVerifier } = x.oauth.authorization(redirectUri)
  const form = new URLSearchParams(new URL(link).searchParams)
  form.set('user_id', SIMULATED_BRAND.id)
  form.set('decision', 'authorize')
  const answer = await fetch(new URL('/i/oauth2/authorize', simulator), {
    method: 'POST',
    body: form,
    redirect: 'manual',
  })
  const back = new URL(answer.headers.get('location') ?? 'about:blank')
  const code = back.searchParams.get('code')
  if (!code || back.searchParams.get('state') !== state) {
    throw new StartupError(`The X simulator did not let its brand be connected (HTTP ${answer.status}).`)
  }
  const tokens = await x.oauth.exchange(code, codeVerifier, redirectUri)
  await connectAccount({ store, vault, x }, tokens, { kind: 'system', part: 'start' })
}
