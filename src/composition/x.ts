import type { Logger } from 'pino'
import { type AccessTokens, createAccessTokens } from '../accounts/access-tokens.ts'
import { createAuthorizationWatch } from '../accounts/authorization-watch.ts'
import type { Config } from '../config.ts'
import type { Disposers } from '../disposers.ts'
import type { Patience, Refusal } from '../domain/authorization.ts'
import type { Metrics } from '../server/metrics.ts'
import { SIMULATED_APP } from '../simulated-x.ts'
import type { Store } from '../store/store.ts'
import type { Vault } from '../store/vault.ts'
import type { XClient } from '../x/client.ts'
import { createXClient } from '../x/twitter-client.ts'
import { createXChat } from '../x/xchat/create-xchat.ts'
import type { XChat } from '../x/xchat.ts'
import { watchBudget } from '../x-calls/budget.ts'
import { createXCalls } from '../x-calls/create-x-calls.ts'
import { createMeter } from '../x-calls/meter.ts'
import type { XCalls, XMeter } from '../x-calls/x-calls.ts'

/** All that speaks to X, and what it is let in and charged by. */
export interface XParts {
  readonly x: XClient
  readonly xchat: XChat
  readonly tokens: AccessTokens
  readonly meter: XMeter
  readonly calls: XCalls
  /** What X signs its webhook calls with; undefined: not set. */
  readonly consumerSecret: string | undefined
}

interface Parts {
  readonly config: Config
  readonly store: Store
  readonly vault: Vault
  readonly metrics: Metrics
  readonly logger: Logger
  /** Where the simulator is; undefined: X itself is asked. */
  readonly simulator: URL | undefined
  /** How consistent X's refusals must be (F47). */
  readonly patience: Readonly<Record<Refusal, Patience>> | undefined
}

export function openX(parts: Parts, disposers: Disposers): XParts {
  const { config, store, vault, metrics, logger, simulator, patience } = parts
  const { consumerSecret: simulatedSecret, ...simulatedApp } = SIMULATED_APP
  const x = createXClient({
    ...(config.x.app ?? simulatedApp),
    apiUrl: simulator ?? config.x.apiUrl,
    onCall: (endpoint, status) => metrics.xCall(endpoint, status === 0 ? 'error' : status),
  })
  disposers.add('X client', () => x.close())
  const xchat = createXChat()
  disposers.add('XChat', () => xchat.close())
  const watch = createAuthorizationWatch({ store, vault, logger, ...(patience && { patience }) })
  const tokens = createAccessTokens({ store, vault, x, logger, watch })
  const meter = createMeter({
    store,
    logger,
    ownerXUserId: config.x.ownerId,
    onSpent: (accountId) => watchBudget({ store, logger }, accountId),
  })
  disposers.add('meter', () => meter.close())
  const calls = createXCalls({ store, tokens, meter, logger, ownerXUserId: config.x.ownerId })
  const consumerSecret = config.x.consumerSecret ?? (simulator && simulatedSecret)
  return { x, xchat, tokens, meter, calls, consumerSecret }
}
