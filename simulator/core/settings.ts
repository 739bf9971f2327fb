/** An app as X's developer console knows it. */
export interface App {
  readonly clientId: string
  readonly name: string
  /** Confidential clients must show it by Basic authorization; undefined for a public client. */
  readonly clientSecret: string | undefined
  readonly bearerToken: string
  /** Signs webhooks (X: API key secret). */
  readonly consumerSecret: string
  /** Allowed redirect addresses; empty allows any. */
  readonly redirectUris: readonly string[]
}

/** The app that is there from the start. */
export const DEFAULT_APP: App = {
  clientId: 'perch-simulator',
  name: 'Perch (simulated app)',
  clientSecret: 'perch-simulator-secret',
  bearerToken: 'perch-simulator-bearer',
  consumerSecret: 'perch-simulator-consumer-secret',
  redirectUris: [],
}

/** X's rules that can be turned. The defaults are X's. */
export interface Policy {
  /** Self-serve apps may answer only posts whose author mentioned or quoted the account (X changelog, 2026-02-23). */
  selfServeReplies: boolean
  /**
   * Whether X refuses a text that the same author gave within a day: to the same post (or, again, to none), to any, or
   * never. X does not say how far it goes; one answer to many customers is the rule in support, and goes through.
   */
  duplicates: 'refused-to-the-same-post' | 'refused' | 'allowed'
  accessTokenSeconds: number
  authorizationCodeSeconds: number
  /** Recent search without `since_id` or times sees posts this old and older (X: 30). */
  searchLagSeconds: number
  /** X sends a keep-alive at least this often. */
  keepAliveMs: number
  streamConnections: number
  webhookTimeoutMs: number
  /** Pauses before each further try of a webhook delivery. */
  webhookRetryMs: readonly number[]
  /** How often webhooks are challenged anew (docs.x.com "Webhooks", security: hourly). */
  webhookChallengeMs: number
}

export const DEFAULT_POLICY: Policy = {
  selfServeReplies: true,
  duplicates: 'refused-to-the-same-post',
  accessTokenSeconds: 7_200,
  authorizationCodeSeconds: 30,
  // X's 30 would hide what a demonstration has just posted; set it to 30 to see what that does.
  searchLagSeconds: 0,
  keepAliveMs: 20_000,
  streamConnections: 2,
  webhookTimeoutMs: 10_000,
  webhookRetryMs: [1_000, 5_000, 30_000],
  webhookChallengeMs: 60 * 60_000,
}
