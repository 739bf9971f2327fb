import { resolve } from 'node:path'
import { z } from 'zod'
import { StartupError } from './store/startup-error.ts'

/** What the environment says, checked and frozen. The README's table of settings describes each. */
export interface Config {
  readonly port: number
  readonly host: string
  /** Where people and X reach us, without a slash at the end. Undefined: at the door's own address. */
  readonly url: string | undefined
  /** Undefined: the embedded PostgreSQL in `dataDir`. */
  readonly databaseUrl: string | undefined
  /** Undefined: the in-process bus. */
  readonly redisUrl: string | undefined
  readonly role: 'all' | 'api' | 'worker'
  /** Absolute. */
  readonly dataDir: string
  /** Undefined: generated and kept in `dataDir`. */
  readonly secret: string | undefined
  /** Secrets that only open: the one before, or the next one, while it is being replaced. */
  readonly previousSecrets: readonly string[]
  readonly jwksUrl: URL | undefined
  /** Undefined: the event log, which is the audit trail, is kept for ever. */
  readonly eventRetentionDays: number | undefined
  /** Tickets in one bulk update, at most. */
  readonly bulkUpdateTickets: number
  /** Proxies of ours in front of the door: where a request comes from is what the outermost has noted. */
  readonly trustedProxies: number
  readonly x: {
    /** Undefined together with `apiUrl`: our simulator is started and used. */
    readonly app:
      | { readonly clientId: string; readonly clientSecret?: string; readonly bearerToken: string }
      | undefined
    readonly apiUrl: URL | undefined
    /** The X user that owns the developer app, whom X charges less for its own posts. */
    readonly ownerId: string | undefined
    /** The callback that is registered with X, where it is not our own door. */
    readonly callbackUrl: string | undefined
    /** The app's API key secret, which X signs webhooks with. Undefined: there is no webhook door. */
    readonly consumerSecret: string | undefined
    /** What X lets the app do: a self-serve app may answer only who mentioned or quoted the account. */
    readonly access: 'self-serve' | 'enterprise'
    /** How X tells what happens: its stream, webhooks, both; or not at all, and only polling finds it. */
    readonly activity: 'stream' | 'webhook' | 'both' | 'off'
  }
  readonly mail: {
    /** Undefined: mails are written to files below `dataDir`. */
    readonly smtpUrl: string | undefined
    readonly from: string
    /** Where customers' answers go: an address whose mail (also to `name+anything@`) is handed to the inbound door. */
    readonly replyTo: string
    /** What whoever hands mails to the inbound door must know. Undefined: there is no such door. */
    readonly inboundToken: string | undefined
  }
  /** Who makes the short links to tickets. Undefined: we do, `/t/` and a code. */
  readonly linkShortener: { readonly url: string; readonly token: string | undefined } | undefined
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** NODE_ENV=production turns GraphiQL off. */
  readonly development: boolean
}

const url = (...protocols: string[]) =>
  z
    .string()
    .refine(
      (text) => URL.canParse(text) && protocols.includes(new URL(text).protocol),
      `must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
    )

/** Separated by commas or white space. What would be too short by itself is a passphrase with spaces in it. */
function listedSecrets(text: string): string[] {
  const listed = text.split(',').map((part) => part.trim())
  return listed
    .filter((part) => part !== '')
    .flatMap((part) => {
      const words = part.split(/\s+/)
      return words.every(({ length }) => length >= MIN_SECRET) ? words : [part]
    })
}

const MIN_SECRET = 32

const environment = z.object({
  PORT: z.coerce.number('must be a number').int().min(0).max(65_535).default(4000),
  HOST: z.string().min(1).default('127.0.0.1'),
  PERCH_URL: url('http:', 'https:').optional(),
  DATABASE_URL: url('postgres:', 'postgresql:').optional(),
  REDIS_URL: url('redis:', 'rediss:').optional(),
  PERCH_ROLE: z.enum(['all', 'api', 'worker'], 'must be all, api or worker').default('all'),
  PERCH_DATA_DIR: z.string().min(1).default('.data'),
  PERCH_SECRET: z.string().min(MIN_SECRET, 'must have at least 32 characters (try: openssl rand -hex 32)').optional(),
  PERCH_SECRET_PREVIOUS: z
    .string()
    .transform(listedSecrets)
    .refine(
      (secrets) => secrets.every(({ length }) => length >= MIN_SECRET),
      'must be secrets of at least 32 characters each',
    )
    .optional(),
  PERCH_JWKS_URL: url('http:', 'https:').optional(),
  PERCH_EVENT_RETENTION_DAYS: z.coerce.number('must be a number of days').int().min(1).optional(),
  PERCH_BULK_UPDATE_TICKETS: z.coerce
    .number('must be a number of tickets')
    .int()
    .min(1)
    .max(1_000_000)
    .default(100_000),
  PERCH_TRUSTED_PROXIES: z.coerce.number('must be a number of proxies').int().min(0).max(10).default(0),
  X_CLIENT_ID: z.string().min(1).optional(),
  X_CLIENT_SECRET: z.string().min(1).optional(),
  X_BEARER_TOKEN: z.string().min(1).optional(),
  X_APP_OWNER_ID: z
    .string()
    .regex(/^[0-9]{1,19}$/, 'must be the id of a user on X')
    .optional(),
  X_API_URL: url('http:', 'https:').optional(),
  X_CALLBACK_URL: url('http:', 'https:').optional(),
  X_CONSUMER_SECRET: z.string().min(1).optional(),
  X_ACTIVITY: z.enum(['stream', 'webhook', 'both', 'off'], 'must be stream, webhook, both or off').default('stream'),
  X_ACCESS: z.enum(['self-serve', 'enterprise'], 'must be self-serve or enterprise').default('self-serve'),
  SMTP_URL: url('smtp:', 'smtps:').optional(),
  MAIL_FROM: z
    .string()
    .regex(/^[^<>@\p{Cc}]*(?:<[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+)$/u, 'must be an address, or `Name <address>`')
    .default('Perch <perch@localhost>'),
  MAIL_REPLY_TO: z
    .string()
    .regex(/^[^<>@\s+]+@[^<>@\s]+$/, 'must be an address without a plus sign')
    .optional(),
  MAIL_INBOUND_TOKEN: z.string().min(MIN_SECRET, 'must have at least 32 characters').optional(),
  LINK_SHORTENER_URL: url('http:', 'https:').optional(),
  LINK_SHORTENER_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'must be a token, without spaces')
    .optional(),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'], 'must be trace, debug, info, warn, error or silent')
    .default('info'),
  NODE_ENV: z.string().optional(),
})

/** Reads the settings. Throws one StartupError that names everything that is wrong. */
export function readConfig(env: Record<string, string | undefined>): Config {
  // A variable set to nothing is a variable not set: that is what `FOO= npm start` and empty lines in env files mean.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  const parsed = environment.safeParse(given)
  const wrong = parsed.success ? [] : parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`)
  wrong.push(...missing(given))
  if (!parsed.success || wrong.length > 0) throw new StartupError(`Wrong settings: ${wrong.join('; ')}.`)

  const set = parsed.data
  const clientId = set.X_CLIENT_ID
  const bearerToken = set.X_BEARER_TOKEN
  return Object.freeze<Config>({
    port: set.PORT,
    host: set.HOST,
    url: set.PERCH_URL?.replace(/\/+$/, ''),
    databaseUrl: set.DATABASE_URL,
    redisUrl: set.REDIS_URL,
    role: set.PERCH_ROLE,
    dataDir: resolve(set.PERCH_DATA_DIR),
    secret: set.PERCH_SECRET,
    previousSecrets: Object.freeze(set.PERCH_SECRET_PREVIOUS ?? []),
    jwksUrl: set.PERCH_JWKS_URL ? new URL(set.PERCH_JWKS_URL) : undefined,
    eventRetentionDays: set.PERCH_EVENT_RETENTION_DAYS,
    bulkUpdateTickets: set.PERCH_BULK_UPDATE_TICKETS,
    trustedProxies: set.PERCH_TRUSTED_PROXIES,
    x: Object.freeze({
      app:
        clientId && bearerToken
          ? Object.freeze({
              clientId,
              bearerToken,
              ...(set.X_CLIENT_SECRET && { clientSecret: set.X_CLIENT_SECRET }),
            })
          : undefined,
      apiUrl: set.X_API_URL ? new URL(set.X_API_URL) : undefined,
      callbackUrl: set.X_CALLBACK_URL,
      ownerId: set.X_APP_OWNER_ID,
      consumerSecret: set.X_CONSUMER_SECRET,
      activity: set.X_ACTIVITY,
      access: set.X_ACCESS,
    }),
    mail: Object.freeze({
      smtpUrl: set.SMTP_URL,
      from: set.MAIL_FROM,
      replyTo: set.MAIL_REPLY_TO ?? set.MAIL_FROM,
      inboundToken: set.MAIL_INBOUND_TOKEN,
    }),
    linkShortener: set.LINK_SHORTENER_URL
      ? Object.freeze({ url: set.LINK_SHORTENER_URL, token: set.LINK_SHORTENER_TOKEN })
      : undefined,
    logLevel: set.LOG_LEVEL,
    development: set.NODE_ENV !== 'production',
  })
}

/** Settings that others make necessary. */
function missing(given: Record<string, string | undefined>): string[] {
  const wrong: string[] = []
  const split = given['PERCH_ROLE'] === 'api' || given['PERCH_ROLE'] === 'worker'
  if (split && !given['REDIS_URL']) wrong.push('REDIS_URL is required when PERCH_ROLE is api or worker')
  if (split && !given['DATABASE_URL']) wrong.push('DATABASE_URL is required when PERCH_ROLE is api or worker')
  if (given['DATABASE_URL'] && !given['PERCH_SECRET']) {
    wrong.push('PERCH_SECRET is required with DATABASE_URL (at least 32 characters, the same for every process)')
  }
  const x = ['X_CLIENT_ID', 'X_BEARER_TOKEN'] as const
  if (
    (given['X_API_URL'] || given['X_CLIENT_SECRET'] || x.some((name) => given[name])) &&
    !x.every((name) => given[name])
  ) {
    wrong.push(
      `${x.filter((name) => !given[name]).join(' and ')} must be set too: X_CLIENT_ID and X_BEARER_TOKEN go together`,
    )
  }
  if (split && !given['X_CLIENT_ID']) {
    wrong.push('X_CLIENT_ID and X_BEARER_TOKEN are required when PERCH_ROLE is api or worker')
  }
  if (split && !given['PERCH_URL']) {
    wrong.push('PERCH_URL is required when PERCH_ROLE is api or worker (where X and e-mails lead people back to)')
  }
  if (given['LINK_SHORTENER_TOKEN'] && !given['LINK_SHORTENER_URL']) {
    wrong.push('LINK_SHORTENER_URL is required with LINK_SHORTENER_TOKEN (where short links are made)')
  }
  return [...wrong, ...missingForWebhooks(given)]
}

/** What webhooks need. Our simulator knows its app's secret, and reaches us wherever we are. */
function missingForWebhooks(given: Record<string, string | undefined>): string[] {
  const { X_ACTIVITY: mode, X_API_URL: elsewhere, PERCH_URL: address } = given
  if ((mode !== 'webhook' && mode !== 'both') || !given['X_CLIENT_ID']) return []
  const wrong: string[] = []
  const why = 'when X_ACTIVITY is webhook or both'
  if (!given['X_CONSUMER_SECRET']) wrong.push(`X_CONSUMER_SECRET is required ${why} (the app's API key secret)`)
  if (!address) wrong.push(`PERCH_URL is required ${why} (where X delivers to)`)
  else if (!elsewhere && URL.canParse(address)) {
    const { protocol, port } = new URL(address)
    if (protocol !== 'https:' || port)
      wrong.push(`PERCH_URL must be https, without a port, ${why}: X delivers nowhere else`)
  }
  return wrong
}
