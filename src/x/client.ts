/*
 * X behind one interface. Bodies come back as X sent them (`unknown`): what they mean is for
 * src/ingest/parse.ts, so that one odd post is a dead letter and not a failed page.
 * Invariant: every method either gives X's answer or throws XError; nothing is retried in here.
 */

/** Calls left in one of X's windows, and when it ends by X's clock. */
export interface RateWindow {
  readonly limit: number
  readonly remaining: number
  readonly resetsAt: Date
}

/** What X's headers said: `x-rate-limit-*` of this 15-minute window, and of 24-hour windows where there are some. */
export interface RateLimit extends RateWindow {
  /** `x-app-limit-24hour-*`: all of the app's calls. */
  readonly day?: RateWindow
  /** `x-user-limit-24hour-*`: this user's calls. */
  readonly userDay?: RateWindow
  /** X's clock when it answered (its Date header): what `resetsAt` is to be compared with. */
  readonly asOf?: Date
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
  /** Exclusive: only what is older. */
  readonly untilId?: string
  readonly pageToken?: string
}

/** Event types of the Activity API that we subscribe to for an account (x-openapi.json, CreateActivitySubscriptionRequest). */
export type ActivityEventType =
  | 'post.mention.create'
  | 'post.reply.create'
  | 'post.create'
  | 'post.delete'
  | 'like.create'
  | 'dm.received'
  | 'dm.sent'
  | 'chat.received'
  | 'chat.sent'
  | 'oauth.revoke'

/** What a subscription is to. */
export interface ActivityTopic {
  readonly eventType: ActivityEventType
  /** Whose events; `oauth.revoke` takes no filter. */
  readonly userId?: string
  /** Of likes: `outbound` are those that the user makes. */
  readonly direction?: 'outbound'
}

export interface ActivitySubscription {
  readonly id: string
  readonly eventType: string
  readonly userId: string | undefined
  readonly direction: string | undefined
  /** The webhook that is told beside the stream. */
  readonly webhookId: string | undefined
  /** What its maker called it: ours are `ACTIVITY_TAG`. */
  readonly tag: string | undefined
}

/** An answer of X, understood. */
export interface XAnswerOf<Value> extends XAnswer {
  readonly value: Value
}

/** One page of the app's subscriptions; `nextToken` undefined: the last. */
export interface SubscriptionPage {
  readonly subscriptions: readonly ActivitySubscription[]
  readonly nextToken: string | undefined
}

/** An address that X delivers events to. */
export interface XWebhook {
  readonly id: string
  readonly url: string
  /** Whether it passed X's last challenge; otherwise it is told nothing. */
  readonly valid: boolean
}

/** The tag of our subscriptions: others of the same app are not ours to end. */
export const ACTIVITY_TAG = 'perch'

export interface XOAuth {
  /**
   * Where the browser goes to consent (OAuth 2.0 with PKCE), and what the callback will be checked against. `scopes`: X's
   * names of what is asked for; not given: all that an account's work needs.
   */
  authorization(redirectUri: string, scopes?: readonly string[]): { url: string; state: string; codeVerifier: string }
  exchange(code: string, codeVerifier: string, redirectUri: string): Promise<XTokens>
  /** The refresh token given is dead afterwards: keep the new one before using the access token. */
  refresh(refreshToken: string): Promise<XTokens>
  /** Ends a token at X (RFC 7009); a refresh token takes its grant along. One that X does not know is no error. */
  revoke(token: string, kind: 'access_token' | 'refresh_token'): Promise<void>
}

export interface XActivity {
  /** At most 1,000 of them. */
  subscriptions(pageToken?: string): Promise<XAnswerOf<SubscriptionPage>>
  /**
   * With the user's own token: X's pages ask for it, though its OpenAPI document takes the app's, too; without one, in the
   * app's name. The stream is told whether or not a webhook is, and X has one subscription to a topic, not one for each.
   */
  subscribe(topic: ActivityTopic, options: { accessToken?: string; webhookId?: string }): Promise<XAnswer>
  /** Has a webhook told from now on; X offers no way back but unsubscribing. */
  redirect(subscriptionId: string, webhookId: string): Promise<XAnswer>
  unsubscribe(subscriptionId: string): Promise<XAnswer>
  /**
   * Connects to the Activity stream. The value: its lines, each a JSON text, until `signal` aborts or the connection ends
   * (then it throws XError). `onAlive` is called when the first is asked for and for every sign of life, keep-alives included, once the lines before it have
   * been taken; with the milliseconds that were waited for it: after a while of waiting, nothing was left unread.
   */
  stream(options: {
    backfillMinutes: number
    signal: AbortSignal
    onAlive: (waitedMs: number) => void
  }): Promise<XAnswerOf<AsyncIterable<string>>>
}

/** The app's webhooks; X gives most apps one. */
export interface XWebhooks {
  list(): Promise<XAnswerOf<readonly XWebhook[]>>
  /** X challenges the address before it answers. */
  register(url: string): Promise<XAnswerOf<XWebhook>>
  /** Has X challenge it again. Throws XError (INVALID_REQUEST) when it fails. */
  validate(id: string): Promise<XAnswer>
  remove(id: string): Promise<XAnswer>
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

/** Written by X: its id of it. */
export type XWritten = XAnswerOf<{ readonly id: string }>

/** An encrypted and signed message, as X takes it (POST /2/chat/conversations/:id/messages). */
export interface EncryptedMessage {
  /** Ours, signed. */
  readonly messageId: string
  /** Base64. */
  readonly encodedMessageCreateEvent: string
  readonly encodedMessageEventSignature: string
}

/** What makes something at X. Asked twice, X makes it twice: an XError that is `uncertain` is not to be tried again. */
export interface XSending {
  /** POST /2/tweets, in answer to a post. */
  post(answer: { text: string; inReplyToPostId: string; accessToken: string }): Promise<XWritten>
  /** POST /2/dm_conversations/with/:participant_id/messages. The id is the event's. */
  directMessage(message: { text: string; participantId: string; accessToken: string }): Promise<XWritten>
  /** POST /2/chat/conversations/:id/messages. `conversationId` as in lists: `A-B`. */
  chatMessage(conversationId: string, message: EncryptedMessage, accessToken: string): Promise<XAnswer>
}

export interface XClient {
  readonly send: XSending
  readonly oauth: XOAuth
  readonly activity: XActivity
  readonly webhooks: XWebhooks
  readonly chat: XChatApi
  /** GET /2/users/me */
  me(accessToken: string): Promise<XAnswer>
  /** GET /2/users/:id/mentions, newest first, 100 a page. */
  mentions(userId: string, page: PageRequest): Promise<XAnswer>
  /** GET /2/users/:id/liked_tweets, the newest like first, 100 a page. X does not say when they were liked. */
  likedPosts(userId: string, page: Omit<PageRequest, 'sinceId'>): Promise<XAnswer>
  /** GET /2/dm_events: messages of the last 30 days, newest first, 100 a page. */
  directMessages(page: Omit<PageRequest, 'sinceId'>): Promise<XAnswer>
  /** GET /2/users/:id/tweets: what the user said last, newest first, 100 a page. */
  userPosts(userId: string, page: PageRequest): Promise<XAnswer>
  /** GET /2/dm_conversations/with/:participant_id/dm_events: what was said between the two last, newest first, 100 a page. */
  dmConversation(participantId: string, page: Omit<PageRequest, 'sinceId'>): Promise<XAnswer>
  /** GET /2/tweets/search/recent (the last 7 days), newest first, 100 a page. */
  searchRecent(query: string, page: PageRequest): Promise<XAnswer>
  /** GET /2/tweets?ids=, at most 100: the posts as they are now; what is not there, or not shown, is among `errors`. */
  posts(ids: readonly string[], accessToken: string): Promise<XAnswer>
  close(): void
}
