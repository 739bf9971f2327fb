import type { Actor } from '../domain/event.ts'
import type { Store } from '../store/store.ts'
import type { Vault } from '../store/vault.ts'
import type { XClient, XTokens } from '../x/client.ts'
import { identify } from './identity.ts'
import { keepGrant } from './keep-grant.ts'

/** An account that the plan has no room for. */
export class NotConnectedError extends Error {
  override readonly name = 'NotConnectedError'
}

/**
 * Keeps the account that `tokens` speak for, whether or not it is connected already: for programs that hold tokens, such
 * as the try-out's start. Its settings stay. Throws XError when X does not say whose tokens they are, NotConnectedError
 * when the plan has no room.
 */
export async function connectAccount(
  services: { store: Store; vault: Vault; x: XClient },
  tokens: XTokens,
  actor: Actor,
): Promise<{ accountId: string }> {
  const { store, vault, x } = services
  const identity = await identify(x, tokens.accessToken)
  const { value } = await store.change(actor, (scope) =>
    keepGrant(scope, vault, { identity, tokens, expectedId: null, again: true }),
  )
  if ('refused' in value) throw new NotConnectedError(value.refused.message)
  return value
}
