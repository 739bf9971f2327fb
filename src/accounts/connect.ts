import { v7 as uuid } from 'uuid'
import { z } from 'zod'
import type { Actor } from '../domain/event.ts'
import type { Store } from '../store/store.ts'
import type { Vault } from '../store/vault.ts'
import type { XClient, XTokens } from '../x/client.ts'
import { XError } from '../x/errors.ts'
import { tokenPlace } from './access-tokens.ts'

const meBody = z.object({
  data: z.object({
    id: z.string().regex(/^[0-9]{1,19}$/),
    username: z.string(),
    name: z.string(),
    profile_image_url: z.string().optional(),
  }),
})

/**
 * Keeps the account that `tokens` speak for, with its tokens sealed. The same X user again is the same account: its
 * settings stay and it is active again (F8). Throws XError when X does not say whose tokens they are.
 */
export async function connectAccount(
  services: { store: Store; vault: Vault; x: XClient },
  tokens: XTokens,
  actor: Actor,
): Promise<{ accountId: string }> {
  const { store, vault, x } = services
  const me = meBody.safeParse((await x.me(tokens.accessToken)).body)
  if (!me.success) throw new XError('UNAVAILABLE', 'GET /2/users/me: not an answer of X')
  const { id: xUserId, username, name, profile_image_url } = me.data.data
  const shown = { screenName: username, name, avatarUrl: profile_image_url ?? null }

  const { value } = await store.change(actor, async ({ db, emit }) => {
    const before = await db.account.findUnique({ where: { xUserId } })
    const { id } = await db.account.upsert({
      where: { xUserId },
      create: { id: uuid(), xUserId, ...shown },
      update: { ...shown, status: 'ACTIVE' },
    })
    const credential = {
      accessToken: vault.seal(tokens.accessToken, tokenPlace.access(id)),
      refreshToken: tokens.refreshToken ? vault.seal(tokens.refreshToken, tokenPlace.refresh(id)) : null,
      scopes: [...tokens.scopes],
      expiresAt: new Date(Date.now() + tokens.expiresInSeconds * 1000),
    }
    await db.accountCredential.upsert({
      where: { accountId: id },
      create: { accountId: id, ...credential },
      update: credential,
    })
    if (before) emit({ type: 'account.updated', accountId: id, changed: ['status', 'credential'] })
    else emit({ type: 'account.created', accountId: id })
    return { accountId: id }
  })
  return value
}
