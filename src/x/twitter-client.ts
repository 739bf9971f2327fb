import { type TOAuth2Scope, TwitterApi } from 'twitter-api-v2'
import { createActivityApi, createWebhooksApi } from './activity-api.ts'
import { openActivityStream } from './activity-stream.ts'
import type { PageRequest, XAnswer, XClient, XTokens } from './client.ts'
import { dialX } from './dial.ts'
import { translate } from './errors.ts'
import { answerOf } from './rate-limit.ts'
import { createSendingApi } from './sending-api.ts'

export interface XClientOptions {
  readonly clientId: string
  readonly clientSecret?: string | undefined
  /** The app's own token: Activity API. */
  readonly bearerToken: string
  /** A server that is dialled in X's place. */
  readonly apiUrl?: URL | undefined
  readonly timeoutMs?: number
  readonly streamSilenceMs?: number
  /** Told of every call and its outcome (HTTP status, 0 for none), for the metrics. */
  readonly onCall?: (endpoint: string, status: number) => void
}

/** What Perch asks a brand for: reading and answering posts and messages, likes, and staying signed in. */
export const SCOPES: readonly TOAuth2Scope[] = [
  'tweet.read',
  'tweet.write',
  'users.read',
  'like.read',
  'dm.read',
  'dm.write',
  'offline.access',
]

/** The fields that the parser and the rules need, in the names that X answers to (TRAPS, "Naming drift"). */
const POST_FIELDS = {
  'tweet.fields':
    'author_id,conversation_id,created_at,edit_history_tweet_ids,entities,in_reply_to_user_id,note_tweet,referenced_tweets,text',
  'user.fields':
    'connection_status,created_at,name,profile_image_url,protected,public_metrics,username,verified,verified_type',
  // The posts that they refer to come along: whose post one quotes decides who may answer it.
  expansions: 'author_id,referenced_tweets.id',
}
const MESSAGE_FIELDS = {
  'dm_event.fields': 'attachments,created_at,dm_conversation_id,event_type,id,participant_ids,sender_id,text',
  'user.fields': POST_FIELDS['user.fields'],
  expansions: 'sender_id,participant_ids',
}
const USER_FIELDS = 'name,profile_image_url,protected,public_metrics,username,verified,verified_type'

const PUBLIC_KEY_FIELDS =
  'public_key_version,public_key,signing_public_key,identity_public_key_signature,juicebox_config'

const CHAT_CONVERSATION_FIELDS = 'id,type,updated_at'

const CHAT_EVENT_FIELDS =
  'id,conversation_id,sender_id,encoded_event,created_at,previous_id,conversation_token,is_trusted'

/** X through twitter-api-v2, or whatever server speaks X's API at `apiUrl`. */
export function createXClient(options: XClientOptions): XClient {
  const { timeoutMs = 8_000, onCall } = options
  const httpAgent = dialX(options.apiUrl)
  const app = new TwitterApi(
    { clientId: options.clientId, ...(options.clientSecret && { clientSecret: options.clientSecret }) },
    { httpAgent },
  )
  const bearer = new TwitterApi(options.bearerToken, { httpAgent })

  async function call<T>(endpoint: string, work: () => Promise<T>): Promise<T> {
    try {
      const answer = await work()
      onCall?.(endpoint, 200)
      return answer
    } catch (error) {
      const translated = translate(error, endpoint)
      onCall?.(endpoint, translated.status ?? 0)
      throw translated
    }
  }

  async function get(api: TwitterApi, endpoint: string, path: string, query: Record<string, string>): Promise<XAnswer> {
    const answer = await call(endpoint, () =>
      api.v2.get<unknown>(path, query, { fullResponse: true, timeout: timeoutMs }),
    )
    return answerOf(answer)
  }

  const asUser = (accessToken: string) => new TwitterApi(accessToken, { httpAgent })

  return {
    oauth: {
      authorization(redirectUri, scopes = SCOPES) {
        const { url, state, codeVerifier } = app.generateOAuth2AuthLink(redirectUri, { scope: [...scopes] })
        const link = new URL(url)
        // The link is for a browser, which no agent of ours can redirect.
        const shown = options.apiUrl ? new URL(link.pathname + link.search, options.apiUrl) : link
        return { url: shown.href, state, codeVerifier }
      },
      exchange: (code, codeVerifier, redirectUri) =>
        call('POST /2/oauth2/token', async () =>
          toTokens(await app.loginWithOAuth2({ code, codeVerifier, redirectUri })),
        ),
      revoke: async (token, kind) => {
        await call('POST /2/oauth2/revoke', () => app.revokeOAuth2Token(token, kind))
      },
      refresh: (refreshToken) =>
        call('POST /2/oauth2/token', async () => toTokens(await app.refreshOAuth2Token(refreshToken))),
    },

    activity: createActivityApi({
      bearer,
      asUser,
      call,
      timeoutMs,
      stream: (stream) =>
        openActivityStream({
          ...stream,
          agent: httpAgent,
          bearerToken: options.bearerToken,
          ...(options.streamSilenceMs && { silenceMs: options.streamSilenceMs }),
        }),
    }),
    webhooks: createWebhooksApi({ bearer, call, timeoutMs }),

    chat: {
      publicKeys: (userId, accessToken) =>
        get(asUser(accessToken), 'GET /2/users/:id/public_keys', `users/${userId}/public_keys`, {
          'public_key.fields': PUBLIC_KEY_FIELDS,
        }),
      conversations: ({ accessToken, pageToken }) =>
        get(asUser(accessToken), 'GET /2/chat/conversations', 'chat/conversations', {
          max_results: '100',
          'chat_conversation.fields': CHAT_CONVERSATION_FIELDS,
          expansions: 'participant_ids',
          'user.fields': POST_FIELDS['user.fields'],
          ...(pageToken && { pagination_token: pageToken }),
        }),
      events: (conversationId, { accessToken, pageToken }) =>
        get(
          asUser(accessToken),
          'GET /2/chat/conversations/:id/events',
          `chat/conversations/${conversationId}/events`,
          {
            max_results: '100',
            'chat_message_event.fields': CHAT_EVENT_FIELDS,
            ...(pageToken && { pagination_token: pageToken }),
          },
        ),
    },

    send: createSendingApi({ asUser, call, timeoutMs }),
    userPosts: (userId, page) =>
      get(asUser(page.accessToken), 'GET /2/users/:id/tweets', `users/${userId}/tweets`, {
        ...pageQuery(page, 'pagination_token'),
      }),
    dmConversation: (participantId, page) =>
      get(
        asUser(page.accessToken),
        'GET /2/dm_conversations/with/:participant_id/dm_events',
        `dm_conversations/with/${participantId}/dm_events`,
        {
          max_results: '100',
          event_types: 'MessageCreate',
          ...MESSAGE_FIELDS,
          ...(page.pageToken && { pagination_token: page.pageToken }),
        },
      ),
    me: (accessToken) => get(asUser(accessToken), 'GET /2/users/me', 'users/me', { 'user.fields': USER_FIELDS }),
    mentions: (userId, page) =>
      get(asUser(page.accessToken), 'GET /2/users/:id/mentions', `users/${userId}/mentions`, {
        ...pageQuery(page, 'pagination_token'),
      }),
    searchRecent: (query, page) =>
      get(asUser(page.accessToken), 'GET /2/tweets/search/recent', 'tweets/search/recent', {
        query,
        ...pageQuery(page, 'next_token'),
      }),
    likedPosts: (userId, page) =>
      get(asUser(page.accessToken), 'GET /2/users/:id/liked_tweets', `users/${userId}/liked_tweets`, {
        ...pageQuery(page, 'pagination_token'),
      }),
    directMessages: (page) =>
      get(asUser(page.accessToken), 'GET /2/dm_events', 'dm_events', {
        max_results: '100',
        event_types: 'MessageCreate',
        ...MESSAGE_FIELDS,
        ...(page.pageToken && { pagination_token: page.pageToken }),
      }),
    posts: (ids, accessToken) =>
      get(asUser(accessToken), 'GET /2/tweets', 'tweets', { ids: ids.join(','), ...POST_FIELDS }),
    close: () => httpAgent.destroy(),
  }
}

function pageQuery({ sinceId, untilId, pageToken }: PageRequest, tokenName: string): Record<string, string> {
  return {
    max_results: '100',
    ...POST_FIELDS,
    ...(sinceId && { since_id: sinceId }),
    ...(untilId && { until_id: untilId }),
    ...(pageToken && { [tokenName]: pageToken }),
  }
}

function toTokens(answer: {
  accessToken: string
  refreshToken?: string
  expiresIn: number
  scope: readonly string[]
}): XTokens {
  return {
    accessToken: answer.accessToken,
    ...(answer.refreshToken && { refreshToken: answer.refreshToken }),
    expiresInSeconds: answer.expiresIn,
    scopes: answer.scope,
  }
}
