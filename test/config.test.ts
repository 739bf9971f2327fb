import { isAbsolute, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readConfig } from '../src/config.ts'
import { StartupError } from '../src/store/startup-error.ts'

const SECRET = 'x'.repeat(32)
const DATABASE = { DATABASE_URL: 'postgres://perch@db.example/perch', PERCH_SECRET: SECRET }
const REDIS = { REDIS_URL: 'redis://redis.example:6379' }
const X = { X_CLIENT_ID: 'client', X_BEARER_TOKEN: 'bearer' }
const WEBHOOK = { X_ACTIVITY: 'webhook', X_CONSUMER_SECRET: 'hush' }

describe('settings', () => {
  it('are all optional', () => {
    const config = readConfig({})
    expect(config).toEqual({
      port: 4000,
      host: '127.0.0.1',
      databaseUrl: undefined,
      redisUrl: undefined,
      role: 'all',
      dataDir: join(process.cwd(), '.data'),
      url: undefined,
      secret: undefined,
      previousSecrets: [],
      mail: {
        smtpUrl: undefined,
        from: 'Perch <perch@localhost>',
        replyTo: 'Perch <perch@localhost>',
        inboundToken: undefined,
      },
      jwksUrl: undefined,
      eventRetentionDays: undefined,
      bulkUpdateTickets: 100_000,
      trustedProxies: 0,
      linkShortener: undefined,
      x: {
        app: undefined,
        apiUrl: undefined,
        callbackUrl: undefined,
        consumerSecret: undefined,
        activity: 'stream',
        access: 'self-serve',
      },
      logLevel: 'info',
      development: true,
    })
    expect([config, config.x, readConfig(X).x.app].map(Object.isFrozen)).toEqual([true, true, true])
  })

  it('set to nothing are not set', () => {
    const names = [
      'PORT',
      'HOST',
      'DATABASE_URL',
      'REDIS_URL',
      'PERCH_ROLE',
      'PERCH_DATA_DIR',
      'PERCH_SECRET',
      'LOG_LEVEL',
    ]
    expect(readConfig(Object.fromEntries(names.map((name) => [name, ''])))).toEqual(readConfig({}))
  })

  it('are read as they are given', () => {
    const config = readConfig({
      ...DATABASE,
      ...REDIS,
      ...X,
      PORT: '0',
      HOST: '0.0.0.0',
      PERCH_ROLE: 'worker',
      PERCH_URL: 'https://support.example/perch/',
      PERCH_DATA_DIR: 'some/where',
      PERCH_JWKS_URL: 'https://id.example/jwks',
      PERCH_EVENT_RETENTION_DAYS: '90',
      X_CLIENT_SECRET: 'hush',
      X_API_URL: 'http://127.0.0.1:5000',
      LOG_LEVEL: 'debug',
      NODE_ENV: 'production',
    })
    expect(config).toMatchObject({
      port: 0,
      host: '0.0.0.0',
      databaseUrl: DATABASE.DATABASE_URL,
      redisUrl: REDIS.REDIS_URL,
      role: 'worker',
      url: 'https://support.example/perch',
      secret: SECRET,
      eventRetentionDays: 90,
      x: { app: { clientId: 'client', clientSecret: 'hush', bearerToken: 'bearer' } },
      logLevel: 'debug',
      development: false,
    })
    expect(isAbsolute(config.dataDir)).toBe(true)
    expect(config.jwksUrl?.href).toBe('https://id.example/jwks')
    expect(config.x.apiUrl?.href).toBe('http://127.0.0.1:5000/')
  })

  it.each([
    [`${SECRET},${'y'.repeat(40)}`, [SECRET, 'y'.repeat(40)]],
    [` ${SECRET} , ,\n${'y'.repeat(40)}\n`, [SECRET, 'y'.repeat(40)]],
    [`${SECRET} ${'y'.repeat(40)}\n${'z'.repeat(50)}`, [SECRET, 'y'.repeat(40), 'z'.repeat(50)]],
    ['a passphrase with spaces, which is two of them when there is a comma', []],
    ['a passphrase with spaces that is long enough', ['a passphrase with spaces that is long enough']],
  ])('list previous secrets: %j', (text, secrets) => {
    const read = () => readConfig({ PERCH_SECRET_PREVIOUS: text }).previousSecrets
    if (secrets.length === 0) expect(read).toThrow(/PERCH_SECRET_PREVIOUS/)
    else expect(read()).toEqual(secrets)
  })

  it.each([
    { ...X, ...WEBHOOK, PERCH_URL: 'https://support.example' },
    // Whoever stands in for X may deliver anywhere; and our simulator knows its own secret.
    { ...X, ...WEBHOOK, PERCH_URL: 'http://127.0.0.1:4000', X_API_URL: 'http://127.0.0.1:4100' },
    { X_ACTIVITY: 'webhook' },
  ])('have X deliver to our webhook: %j', (settings) => {
    expect(readConfig(settings).x.activity).toBe('webhook')
  })

  it('keep an app without a secret apart from one with', () => {
    expect(readConfig({ ...X }).x.app).toEqual({ clientId: 'client', bearerToken: 'bearer' })
  })
})

describe('a wrong setting', () => {
  it.each<[settings: Record<string, string>, complaint: RegExp]>([
    [{ PORT: 'many' }, /PORT must be a number/],
    [{ PORT: '65536' }, /PORT/],
    [{ PORT: '-1' }, /PORT/],
    [{ PORT: '80.5' }, /PORT/],
    [{ DATABASE_URL: 'mysql://db', PERCH_SECRET: SECRET }, /DATABASE_URL must be a URL that starts with postgres:\/\//],
    [{ DATABASE_URL: 'not a url', PERCH_SECRET: SECRET }, /DATABASE_URL/],
    [{ REDIS_URL: 'http://redis' }, /REDIS_URL must be a URL that starts with redis:\/\//],
    [{ PERCH_ROLE: 'boss' }, /PERCH_ROLE must be all, api or worker/],
    [{ PERCH_SECRET: 'short' }, /PERCH_SECRET must have at least 32 characters/],
    [{ PERCH_SECRET_PREVIOUS: `${SECRET},short` }, /PERCH_SECRET_PREVIOUS must be secrets of at least 32/],
    [{ SMTP_URL: 'http://mail' }, /SMTP_URL must be a URL that starts with smtp:/],
    [{ MAIL_FROM: 'nobody' }, /MAIL_FROM must be an address/],
    [{ MAIL_FROM: 'a@b\r\nBcc: c@d' }, /MAIL_FROM must be an address/],
    [{ PERCH_JWKS_URL: 'file:///etc/passwd' }, /PERCH_JWKS_URL/],
    [{ PERCH_EVENT_RETENTION_DAYS: '0' }, /PERCH_EVENT_RETENTION_DAYS/],
    [{ LOG_LEVEL: 'loud' }, /LOG_LEVEL must be trace/],
    [{ DATABASE_URL: DATABASE.DATABASE_URL }, /PERCH_SECRET is required with DATABASE_URL/],
    [{ LINK_SHORTENER_URL: 'ftp://short.example' }, /LINK_SHORTENER_URL must be a URL/],
    [{ LINK_SHORTENER_TOKEN: 'hush' }, /LINK_SHORTENER_URL is required with LINK_SHORTENER_TOKEN/],
    [
      { LINK_SHORTENER_URL: 'https://short.example', LINK_SHORTENER_TOKEN: 'two words' },
      /LINK_SHORTENER_TOKEN must be a token/,
    ],
    [{ PERCH_ROLE: 'api', ...DATABASE }, /REDIS_URL is required/],
    [{ PERCH_ROLE: 'api', ...REDIS }, /DATABASE_URL is required/],
    [{ PERCH_ROLE: 'worker', ...DATABASE, ...REDIS }, /X_CLIENT_ID and X_BEARER_TOKEN are required/],
    [{ PERCH_ROLE: 'api', ...DATABASE, ...REDIS, ...X }, /PERCH_URL is required/],
    [{ PERCH_URL: 'support.example' }, /PERCH_URL must be a URL/],
    [{ X_CALLBACK_URL: 'myapp:callback' }, /X_CALLBACK_URL must be a URL/],
    [{ X_CLIENT_ID: 'client' }, /X_BEARER_TOKEN must be set too/],
    [{ X_BEARER_TOKEN: 'bearer' }, /X_CLIENT_ID must be set too/],
    [{ X_CLIENT_SECRET: 'hush' }, /X_CLIENT_ID and X_BEARER_TOKEN must be set too/],
    [{ X_API_URL: 'http://127.0.0.1:1' }, /X_CLIENT_ID and X_BEARER_TOKEN must be set too/],
    [{ X_ACTIVITY: 'pigeon' }, /X_ACTIVITY must be stream, webhook, both or off/],
    [
      { ...X, X_ACTIVITY: 'both', PERCH_URL: 'https://support.example' },
      /X_CONSUMER_SECRET is required when X_ACTIVITY/,
    ],
    [{ ...X, X_ACTIVITY: 'webhook', X_CONSUMER_SECRET: 'hush' }, /PERCH_URL is required when X_ACTIVITY/],
    [{ ...X, ...WEBHOOK, PERCH_URL: 'http://support.example' }, /PERCH_URL must be https, without a port/],
    [{ ...X, ...WEBHOOK, PERCH_URL: 'https://support.example:8443' }, /PERCH_URL must be https, without a port/],
  ])('%j is named', (settings, complaint) => {
    expect(() => readConfig(settings)).toThrow(StartupError)
    expect(() => readConfig(settings)).toThrow(complaint)
  })

  it('is named together with all the others', () => {
    const read = () => readConfig({ PORT: 'many', LOG_LEVEL: 'loud', PERCH_ROLE: 'api' })
    for (const name of ['PORT', 'LOG_LEVEL', 'REDIS_URL', 'DATABASE_URL']) expect(read).toThrow(name)
  })

  it('is not repeated in the complaint: it may be a password', () => {
    const secret = 'hunter2'
    for (const settings of [{ PERCH_SECRET: secret }, { DATABASE_URL: `mysql://me:${secret}@db` }, { PORT: secret }]) {
      try {
        readConfig(settings)
        expect.unreachable()
      } catch (error) {
        expect(error).toBeInstanceOf(StartupError)
        expect(String(error)).not.toContain(secret)
      }
    }
  })
})
