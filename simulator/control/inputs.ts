import { z } from 'zod'

/** What the control API takes. People are named by id or by username; times are ISO 8601. */

const id = z.string().regex(/^[0-9]{1,19}$/, 'an id of 1 to 19 digits')
const person = z.string().min(1)
const time = z.iso.datetime({ offset: true })
const count = z.number().int().nonnegative()

export const userInput = z.strictObject({
  id: id.optional(),
  username: z.string().regex(/^\w{1,15}$/, '1 to 15 letters, digits or _'),
  name: z.string().optional(),
  description: z.string().optional(),
  location: z.string().optional(),
  createdAt: time.optional(),
  followers: count.optional(),
  following: count.optional(),
  posts: count.optional(),
  verified: z.boolean().optional(),
  verifiedType: z.enum(['none', 'blue', 'business', 'government']).optional(),
  protected: z.boolean().optional(),
  suspended: z.boolean().optional(),
})

export const postInput = z.strictObject({
  from: person,
  text: z.string().min(1),
  inReplyTo: id.optional(),
  quoteOf: id.optional(),
  at: time.optional(),
})

export const editInput = z.strictObject({ id, text: z.string().min(1) })
export const likeInput = z.strictObject({ user: person, postId: id })
export const followInput = z.strictObject({ user: person, target: person })

export const messageInput = z.strictObject({
  from: person,
  /** A person, or … */
  to: person.optional(),
  /** … a conversation that is there: a group. */
  conversationId: z.string().optional(),
  text: z.string().default(''),
  attachment: z.enum(['photo', 'video', 'animated_gif']).optional(),
  /** A post that is shared with the message. */
  postId: id.optional(),
})
export const directGroupInput = z.strictObject({ from: person, members: z.array(person).min(1) })
export const directMemberInput = z.strictObject({ conversationId: z.string(), user: person })

export const appInput = z.strictObject({
  clientId: z.string().min(1),
  name: z.string().optional(),
  /** Absent: a public client. */
  clientSecret: z.string().min(1).optional(),
  bearerToken: z.string().min(1),
  consumerSecret: z.string().min(1).optional(),
  redirectUris: z.array(z.url()).optional(),
})

/** What an app asks for when nothing else is said. */
export const DEFAULT_SCOPES = [
  'tweet.read',
  'tweet.write',
  'users.read',
  'like.read',
  'dm.read',
  'dm.write',
  'offline.access',
]
const consent = z.strictObject({
  clientId: z.string().default('perch-simulator'),
  userId: person,
  scopes: z.array(z.string()).min(1).default(DEFAULT_SCOPES),
})

export const tokensInput = consent
export const authorizeInput = consent.extend({
  redirectUri: z.url(),
  codeChallenge: z.string().min(1),
  codeChallengeMethod: z.enum(['S256', 's256', 'plain']).default('S256'),
  state: z.string().optional(),
})

export const revokeInput = z.strictObject({ user: person, clientId: z.string().optional() })

export const userRef = z.strictObject({ user: person })
export const suspendInput = userRef.extend({ suspended: z.boolean() })
export const blockInput = userRef.extend({ target: person, blocked: z.boolean() })
export const refuseMessagesInput = userRef.extend({ refused: z.boolean() })

const pin = z.string().regex(/^[0-9]{4}$/, 'four digits')
export const pinInput = userRef.extend({ pin })
export const chatMessageInput = z.strictObject({
  from: person,
  /** A person, or … */
  to: person.optional(),
  /** … a conversation that is there. */
  conversationId: z.string().optional(),
  text: z.string(),
  attachment: z.enum(['media', 'url', 'post']).optional(),
  fault: z.enum(['damaged', 'wrong-signature']).optional(),
})
export const groupInput = z.strictObject({ from: person, members: z.array(person).min(1), name: z.string().min(1) })
export const realmFaultInput = z.strictObject({
  realm: z.union([z.literal(0), z.literal(1), z.literal(2)]),
  fault: z.enum(['down', 'upgrade-required', 'rate-limited', 'unavailable', 'hang']).nullable(),
})

export const faultInput = z.strictObject({
  match: z.strictObject({ method: z.string().optional(), path: z.string().optional() }).default({}),
  kind: z.enum(['status', 'html', 'truncate', 'half-json', 'hang', 'hang-body', 'delay', 'disconnect']),
  status: z.number().int().min(200).max(599).optional(),
  delayMs: count.optional(),
  resetSeconds: count.nullable().optional(),
  times: z.number().int().positive().nullable().optional(),
})

export const streamModeInput = z.strictObject({
  duplicates: z.number().min(0).max(1).optional(),
  disorderMs: count.optional(),
  delayMs: count.optional(),
  silent: z.boolean().optional(),
  lost: z.boolean().optional(),
})
export const replayInput = z.strictObject({
  minutes: z.number().positive().max(5).optional(),
  clientId: z.string().optional(),
})

export const dropInput = z.strictObject({ clientId: z.string().optional(), midLine: z.boolean().optional() })

export const rateLimitInput = z.strictObject({
  /** `METHOD path`, as in http/rate-limit-table.ts. */
  endpoint: z.string().min(1),
  user: count.optional(),
  app: count.optional(),
  userPerDay: count.optional(),
  appPerDay: count.optional(),
})

export const policyInput = z.strictObject({
  selfServeReplies: z.boolean().optional(),
  duplicates: z.enum(['refused-to-the-same-post', 'refused', 'allowed']).optional(),
  accessTokenSeconds: count.optional(),
  authorizationCodeSeconds: count.optional(),
  searchLagSeconds: count.optional(),
  keepAliveMs: z.number().int().positive().optional(),
  streamConnections: count.optional(),
  webhookTimeoutMs: z.number().int().positive().optional(),
  webhookRetryMs: z.array(count).optional(),
  webhookChallengeMs: z.number().int().positive().optional(),
})

export const burstInput = z.strictObject({
  count: z.number().int().min(1).max(100_000),
  /** One author; random customers when absent. */
  from: person.optional(),
  /** `{n}` becomes the number of the post, from 1; a customer's text when absent. */
  text: z.string().min(1).optional(),
  inReplyTo: id.optional(),
  /** Spreads the posts evenly; all at once when absent. */
  perSecond: z.number().positive().optional(),
})

export const trafficInput = z.strictObject({ perMinute: z.number().min(0).max(60_000) })
export const nothing = z.strictObject({})
