import type { Logger } from 'pino'
import { createAccounts } from '../accounts/create-accounts.ts'
import { createBulkUpdates } from '../bulk/create-bulk-updates.ts'
import type { Config } from '../config.ts'
import { receiveMail } from '../inbound-mail/receive-mail.ts'
import { createIncomingPosts } from '../ingest/create-incoming-posts.ts'
import { createWebhookIntake } from '../ingest/webhook-intake.ts'
import type { ReplyAddresses } from '../mail/reply-address.ts'
import { createReplies } from '../outbound/create-replies.ts'
import { readAudience } from '../people/read-audience.ts'
import type { Bus } from '../pubsub/bus.ts'
import type { Feed } from '../pubsub/feed.ts'
import { buildSchema } from '../schema/index.ts'
import type { Secrets } from '../secret.ts'
import { createAuthenticator, deriveTokenKey, type TokenSigner } from '../server/auth.ts'
import { followUsers } from '../server/follow-users.ts'
import type { LinkTokens } from '../server/link-tokens.ts'
import { mailDoor } from '../server/mail-door.ts'
import type { Metrics } from '../server/metrics.ts'
import { oauthDoors } from '../server/oauth-doors.ts'
import { type RunningServer, startServer } from '../server/server.ts'
import type { startStatusServer } from '../server/status-server.ts'
import { webhookDoor } from '../server/webhook-door.ts'
import { FIRST_USERS } from '../store/bootstrap.ts'
import type { Store } from '../store/store.ts'
import type { Vault } from '../store/vault.ts'
import type { AnswerParts } from './answers.ts'
import { createRequesterParts } from './requesters.ts'
import type { XParts } from './x.ts'

/* What the program answers on its port, unless it is a worker: GraphQL, and the doors beside it. */

export interface ApiParts {
  readonly config: Config
  readonly secrets: Secrets
  readonly store: Store
  readonly bus: Bus
  readonly feed: Feed
  readonly vault: Vault
  readonly signer: TokenSigner
  readonly links: LinkTokens
  readonly answers: AnswerParts
  readonly addresses: ReplyAddresses
  readonly xParts: XParts
  readonly metrics: Metrics
  readonly logger: Logger
  /** Where people and X reach this door; known once it is open. */
  readonly publicUrl: () => string
}

/** What any door has. */
type Common = Parameters<typeof startStatusServer>[0]

/** Opens it. Throws StartupError when the port is taken. */
export async function openApi(parts: ApiParts, common: Common): Promise<RunningServer> {
  const { config, secrets, store, feed, signer, xParts, logger } = parts
  const accounts = accountsOf(parts)
  const { calls, x, consumerSecret } = xParts
  const incomingPosts = createIncomingPosts({
    store,
    lookup: (accountId, ids) => calls.use(accountId, 'GET /2/tweets', (accessToken) => x.posts(ids, accessToken)),
    logger,
  })
  const requesters = await createRequesterParts(parts)
  const { profiles, cookies } = requesters
  const { selfServe, links, bulkReplies } = parts.answers
  const replies = createReplies({ store, calls, selfServe, links })
  const bulkUpdates = createBulkUpdates({ store, replies: bulkReplies, mostTickets: config.bulkUpdateTickets })
  const keys = config.jwksUrl
    ? { jwksUrl: config.jwksUrl.href }
    : { key: deriveTokenKey(secrets.current), furtherKeys: secrets.previous.map(deriveTokenKey) }
  const auth = createAuthenticator({ ...keys, requesters: requesters.sessions, findUser: (id) => findUser(store, id) })
  const unfollow = followUsers(feed, auth)
  const server = await startServer({
    ...common,
    schema: buildSchema(),
    services: { prisma: store.prisma, store, feed, accounts, incomingPosts, replies, profiles, bulkUpdates },
    auth,
    cookies,
    routes: {
      ...oauthDoors({
        accounts,
        links: parts.links,
        handleOf: (id) => handleOf(store, id),
        isAdministrator: async (id) => isAdministrator(await findUser(store, id)),
      }),
      ...requesters.routes,
      ...(config.mail.inboundToken !== undefined &&
        mailDoor({
          token: config.mail.inboundToken,
          receive: (raw) => receiveMail({ store, addresses: parts.addresses, logger }, raw),
          logger,
        })),
      ...(consumerSecret && webhookDoor({ consumerSecret, keep: createWebhookIntake({ store }).keep, logger })),
    },
    graphiql: config.development,
    ...(config.development && !config.databaseUrl && { graphiqlHeaders: await firstToken(signer) }),
  })
  return {
    ...server,
    close: () => {
      unfollow()
      return server.close()
    },
  }
}

function accountsOf({ config, store, vault, logger, publicUrl, xParts: { x, xchat, calls, meter } }: ApiParts) {
  const redirectUri = () => config.x.callbackUrl ?? `${publicUrl()}/oauth/x/callback`
  return createAccounts({ store, vault, x, xchat, calls, meter, logger, redirectUri })
}

/** GraphiQL of a try-out has the administrator's token filled in, for browsers on this machine. */
async function firstToken(signer: TokenSigner): Promise<Record<string, string>> {
  const { id, role } = FIRST_USERS.admin
  return { Authorization: `Bearer ${await signer.sign({ sub: id, role, ttlSeconds: 7 * 24 * 3600 })}` }
}

async function handleOf({ prisma }: Store, id: string): Promise<string | undefined> {
  return (await prisma.account.findUnique({ where: { id }, select: { screenName: true } }))?.screenName
}

const isAdministrator = (user: { role: string; active: boolean } | null): boolean =>
  user?.active === true && user.role === 'ADMIN'

async function findUser({ prisma }: Store, id: string) {
  const audience = await readAudience(prisma, id)
  return audience && { ...audience, id: audience.userId, active: true }
}
