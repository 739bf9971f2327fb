/*
 * X behind one interface. Bodies come back as X sent them (`unknown`): what they mean is for
 * src/ingest/parse.ts, so that one odd post is a dead letter and not a failed page.
 * Invariant: every method either gives X's answer or throws XError; nothing is retried in here.
 */

/** What X's `x-rate-limit-*` headers said: calls left in this 15-minute window, and when it ends. */
export interface RateLimit {
  readonly limit: number
  readonly remaining: number
  readonly resetsAt: Date
}

export interface XAnswer {
  readonly body: unknown
  readonly rateLimit?: RateLimit
}

export interface XTokens {
  readonly accessToken: string
  /** Present with scope offline.access; X gives a new one at every refresh. */
  readonly refreshToken?: string
  readonly scopes: readonly string[]
  readonly expiresInSeconds: number
}

/** One page of posts is asked for. `sinceId` is exclusive; `pageToken` is the `next_token` of the page before. */
export interface PageRequest {
  readonly accessToken: string
  readonly sinceId?: string
  readonly pageToken?: string
}

/** Event types of the Activity API that we subscribe to for an account (x-openapi.json, CreateActivitySubscriptionRequest). */
export type ActivityEventType = 'post.mention.create' | 'post.reply.create'

export interface ActivitySubscription {
  readonly id: string
  readonly eventType: string
  /** Whose events; undefined where the type has no such filter (`oauth.revoke`). */
  readonly userId: string | undefined
  /** What its maker called it: ours are `ACTIVITY_TAG`. */
  readonly tag: string | undefined
}

/** The tag of our subscriptions: others of the same app are not ours to end. */
export const ACTIVITY_TAG = 'perch'

export interface XOAuth {
  /** Where the browser goes to consent (OAuth 2.0 with PKCE), and what the callback will be checked against. */
  authorization(redirectUri: string): { url: string; state: string; codeVerifier: string }
  exchange(code: string, codeVerifier: string, redirectUri: string): Promise<XTokens>
  /** The refresh token given is dead afterwards: keep the new one before using the access token. */
  refresh(refreshToken: string): Promise<XTokens>
  /** Ends a token at X (RFC 7009); a refresh token takes its grant along. One that X does not know is no error. */
  revoke(token: string, kind: 'access_token' | 'refresh_token'): Promise<void>
}

export interface XActivity {
  subscriptions(): Promise<readonly ActivitySubscription[]>
  /** In the user's own name: X's pages ask for it, though its OpenAPI document takes the app's token too. */
  subscribe(eventType: ActivityEventType, userId: string, accessToken: string): Promise<void>
  /** `oauth.revoke`: told of every user who removes the app. In the app's name; X takes no filter. */
  subscribeToRevocations(): Promise<void>
  unsubscribe(subscriptionId: string): Promise<void>
  /**
   * The Activity stream's lines, each a JSON text, until `signal` aborts or the connection ends (then it throws XError).
   * `onAlive` is called when connected and for every sign of life, keep-alives included.
   */
  stream(options: { backfillMinutes: number; signal: AbortSignal; onAlive: () => void }): AsyncIterable<string>
}

/** XChat as X stores it: public keys and ciphertext. What is in it, src/x/xchat.ts reads. */
export interface XChatApi {
  /** GET /2/users/:id/public_keys, every version; with `juicebox_config` on the caller's own record. */
  publicKeys(userId: string, accessToken: string): Promise<XAnswer>
  /** GET /2/chat/conversations, the most recently active first, 100 a page. */
  conversations(page: Omit<PageRequest, 'sinceId'>): Promise<XAnswer>
  /** GET /2/chat/conversations/:id/events, the newest first, 100 a page. `conversationId` as in lists: `A-B` or `g…`. */
  events(conversationId: string, page: Omit<PageRequest, 'sinceId'>): Promise<XAnswer>
}

export interface XClient {
  readonly oauth: XOAuth
  readonly activity: XActivity
  readonly chat: XChatApi
  /** GET /2/users/me */
  me(accessToken: string): Promise<XAnswer>
  /** GET /2/users/:id/mentions, newest first, 100 a page. */
  mentions(userId: string, page: PageRequest): Promise<XAnswer>
  /** GET /2/tweets/search/recent (the last 7 days), newest first, 100 a page. */
  searchRecent(query: string, page: PageRequest): Promise<XAnswer>
  /** GET /2/tweets?ids=, at most 100: the posts as they are now; what is not there, or not shown, is among `errors`. */
  posts(ids: readonly string[], accessToken: string): Promise<XAnswer>
  close(): void
}
