import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { createConfirmTokens } from '../requesters/confirm-tokens.ts'
import { createProfiles } from '../requesters/profile.ts'
import type { Profiles } from '../requesters/requesters.ts'
import { createSignIns } from '../requesters/sign-in.ts'
import type { Secrets } from '../secret.ts'
import { createTokenSigner } from '../server/auth.ts'
import { createRequesterCookies, type RequesterCookies } from '../server/requester-cookies.ts'
import { CALLBACK_PATH, requesterDoors } from '../server/requester-doors.ts'
import { loadRequesterFiles } from '../server/requester-files.ts'
import { deriveSessionKey, type RequesterSessions } from '../server/requester-sessions.ts'
import type { Routes } from '../server/router.ts'
import { ticketLinkDoor } from '../server/ticket-link-door.ts'
import { packageRoot } from '../store/package-root.ts'
import type { Store } from '../store/store.ts'
import type { Vault } from '../store/vault.ts'
import { LINK_CODE, ticketUrl } from '../tickets/ticket-link.ts'
import type { XParts } from './x.ts'

/* What requesters meet: links to their tickets, and the page that these lead to (F50-F53). */

interface Parts {
  readonly config: Pick<Config, 'trustedProxies'>
  readonly secrets: Secrets
  readonly store: Store
  readonly vault: Vault
  readonly xParts: Pick<XParts, 'x' | 'meter'>
  readonly logger: Logger
  readonly publicUrl: () => string
}

export interface RequesterParts {
  readonly profiles: Profiles
  readonly cookies: RequesterCookies
  /** What the authenticator is told of their sessions. */
  readonly sessions: RequesterSessions
  readonly routes: Routes
}

export async function createRequesterParts(parts: Parts): Promise<RequesterParts> {
  const { config, secrets, store, vault, logger, publicUrl } = parts
  const { x, meter } = parts.xParts
  const redirectUri = () => publicUrl() + CALLBACK_PATH
  const signIns = createSignIns({ store, vault, x, meter, logger, redirectUri })
  const cookies = createRequesterCookies(publicUrl)
  const keys = [deriveSessionKey(secrets.current), ...secrets.previous.map(deriveSessionKey)] as const
  return {
    profiles: createProfiles({ store, tokens: createConfirmTokens([secrets.current, ...secrets.previous]) }),
    cookies,
    sessions: { keys, open: signIns.open },
    routes: {
      ...ticketLinkDoor({ addressOf: (code) => addressOf(store, publicUrl(), code) }),
      ...requesterDoors({
        signIns,
        cookies,
        signer: createTokenSigner(keys[0]),
        hasPage: () => hasPage(store),
        files: await loadRequesterFiles(join(packageRoot(), 'console', 'requester')),
        publicUrl,
        trustedProxies: config.trustedProxies,
      }),
    },
  }
}

async function hasPage({ prisma }: Store): Promise<boolean> {
  const workspace = await prisma.workspace.findUnique({ where: { id: 1 }, select: { requesterPage: true } })
  return workspace?.requesterPage === true
}

/** Where a short link leads while requesters can sign in. */
async function addressOf({ prisma }: Store, base: string, code: string): Promise<string | undefined> {
  if (!LINK_CODE.test(code)) return undefined
  const workspace = await prisma.workspace.findUnique({ where: { id: 1 }, select: { requesterSignIn: true } })
  if (!workspace?.requesterSignIn) return undefined
  const link = await prisma.ticketLink.findUnique({ where: { code }, select: { ticket: { select: { number: true } } } })
  return link ? ticketUrl(base, link.ticket.number) : undefined
}
