/** Calls allowed per 15 minutes to a user's token and to an app's bearer token, and per 24 hours. */
export interface Limits {
  readonly user?: number | undefined
  readonly app?: number | undefined
  readonly userPerDay?: number | undefined
  readonly appPerDay?: number | undefined
}

/** As published: docs.x.com/x-api/fundamentals/rate-limits (August 2026). Keys are `METHOD path` of our routes. */
export const PUBLISHED_LIMITS: Readonly<Record<string, Limits>> = {
  'GET /2/users/me': { user: 75 },
  'GET /2/users': { user: 900, app: 300 },
  'GET /2/users/by': { user: 900, app: 300 },
  'GET /2/users/by/username/:username': { user: 900, app: 300 },
  'GET /2/users/:id': { user: 900, app: 300 },
  'GET /2/users/:id/mentions': { user: 300, app: 450 },
  'GET /2/users/:id/tweets': { user: 900, app: 1_500 },
  'GET /2/users/:id/liked_tweets': { user: 75, app: 75 },
  'GET /2/tweets/search/recent': { user: 300, app: 450 },
  'GET /2/tweets': { user: 5_000, app: 3_500 },
  'GET /2/tweets/:id': { user: 900, app: 450 },
  'POST /2/tweets': { user: 100, appPerDay: 10_000 },
  'DELETE /2/tweets/:id': { user: 50 },
  'GET /2/dm_events': { user: 15 },
  'GET /2/dm_conversations/with/:participant_id/dm_events': { user: 15 },
  'GET /2/dm_conversations/:id/dm_events': { user: 15 },
  'POST /2/dm_conversations/with/:participant_id/messages': { user: 15, userPerDay: 1_440 },
  'POST /2/dm_conversations/:id/messages': { user: 15, userPerDay: 1_440 },
  'GET /2/activity/stream': { app: 450 },
  'POST /2/activity/subscriptions': { app: 500 },
  'GET /2/activity/subscriptions': { app: 500 },
  'PUT /2/activity/subscriptions/:id': { app: 500 },
  'DELETE /2/activity/subscriptions/:id': { app: 500 },
  'DELETE /2/activity/subscriptions': { app: 500 },
  'POST /2/webhooks': { app: 450 },
  'POST /2/webhooks/replay': { app: 100 },
  'GET /2/webhooks': { app: 450 },
  'PUT /2/webhooks/:id': { app: 450 },
  'DELETE /2/webhooks/:id': { app: 450 },
}
