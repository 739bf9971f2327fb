import type { Logger } from 'pino'
import type { Store } from '../store/store.ts'
import type { Vault } from '../store/vault.ts'
import type { XClient } from '../x/client.ts'
import type { XChat } from '../x/xchat.ts'
import type { XCalls, XMeter } from '../x-calls/x-calls.ts'
import type { Accounts } from './accounts.ts'
import { createAuthorizations } from './authorize.ts'
import { createLifecycle } from './lifecycle.ts'
import { updateSettings } from './settings.ts'
import { updateWorkspace } from './workspace.ts'
import { createXChatPins } from './xchat/create-pins.ts'

export interface AccountServices {
  readonly store: Store
  readonly vault: Vault
  readonly x: XClient
  readonly xchat: Pick<XChat, 'recover'>
  readonly calls: Pick<XCalls, 'use'>
  readonly meter: Pick<XMeter, 'answered'>
  readonly logger: Logger
  /** The callback that is registered with X. */
  readonly redirectUri: () => string
}

export function createAccounts(services: AccountServices): Accounts {
  const authorizations = createAuthorizations(services)
  const lifecycle = createLifecycle(services)
  return {
    startAuthorization: authorizations.start,
    completeAuthorization: authorizations.complete,
    update: (userId, accountId, patch) => updateSettings(services.store, userId, accountId, patch),
    ...lifecycle,
    xchat: createXChatPins(services),
    updateWorkspace: (userId, patch) => updateWorkspace(services.store, userId, patch),
  }
}
