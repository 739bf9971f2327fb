import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createAccessTokens } from '../../src/accounts/access-tokens.ts'
import type { AuthorizationWatch } from '../../src/accounts/authorization-watch.ts'
import { tokenPlace } from '../../src/accounts/sealed-places.ts'
import type { Store } from '../../src/store/store.ts'
import { createVault } from '../../src/store/vault.ts'
import type { XClient, XTokens } from '../../src/x/client.ts'
import { XError } from '../../src/x/errors.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { createAccount } from '../helpers/posts.ts'
import { SILENT_X } from '../helpers/silent-x.ts'
import { testStore } from '../helpers/stores.ts'
import { startProxy, type TcpProxy } from '../helpers/tcp-proxy.ts'

const vault = createVault('a secret that only this test knows of')

let database: TestDatabase
let proxy: TcpProxy
let stores: Store[]
let accountId: string
/** What X has been shown to refresh. */
let spent: string[]

beforeEach(async () => {
  database = await testDatabase()
  const target = new URL(database.url)
  proxy = await startProxy(target.hostname, Number(target.port || 5432))
  const through = new URL(database.url)
  through.host = `127.0.0.1:${proxy.port}`
  stores = await Promise.all([testStore(through.href), testStore(database.url)])
  accountId = await createAccount(stores[1] as Store)
  spent = []
})
afterEach(async () => {
  await proxy?.open()
  await Promise.all((stores ?? []).map((store) => store.close()))
  await proxy?.close()
  await database?.drop()
})

/** The tokens as one process sees them, with an X that rotates refresh tokens. */
function tokensOf(store: Store | undefined, onRefresh: () => Promise<void> = async () => {}, counts = true) {
  if (!store) throw new Error('no store')
  const x: XClient = {
    ...SILENT_X,
    oauth: {
      ...SILENT_X.oauth,
      async refresh(token): Promise<XTokens> {
        if (spent.includes(token)) throw new XError('INVALID_REQUEST', 'spent')
        spent.push(token)
        await onRefresh()
        const n = spent.length
        return { accessToken: `access ${n}`, refreshToken: `refresh ${n}`, scopes: ['a'], expiresInSeconds: 7200 }
      },
    },
  }
  const told: string[] = []
  const tell = async (what: string) => {
    told.push(what)
    if (!counts) throw new Error('the database is away')
  }
  const watch: AuthorizationWatch = {
    accepted: () => tell('accepted'),
    refused: (_id, kind, token) => tell(`${kind} ${token}`),
  }
  const complaints: string[] = []
  const logger = pino({ level: 'error' }, { write: (line) => void complaints.push(line) })
  return Object.assign(createAccessTokens({ store, vault, x, logger, watch }), { told, complaints })
}

async function keep(expiresInMs: number, refreshToken: string | null = 'refresh 0', refusals = 0): Promise<void> {
  const credential = {
    refusals,
    refusedSince: refusals > 0 ? new Date() : null,
    accessToken: vault.seal('access 0', tokenPlace.access(accountId)),
    refreshToken: refreshToken && vault.seal(refreshToken, tokenPlace.refresh(accountId)),
    scopes: [],
    expiresAt: new Date(Date.now() + expiresInMs),
  }
  await stores[1]?.prisma.accountCredential.upsert({
    where: { accountId },
    create: { accountId, ...credential },
    update: credential,
  })
}
async function kept() {
  const row = await stores[1]?.prisma.accountCredential.findUniqueOrThrow({ where: { accountId } })
  if (!row) throw new Error('no row')
  const minutes = Math.round((row.expiresAt.getTime() - Date.now()) / 60_000)
  return [
    vault.open(row.accessToken, tokenPlace.access(accountId)),
    row.refreshToken && vault.open(row.refreshToken, tokenPlace.refresh(accountId)),
    minutes,
  ]
}

describe('an access token', () => {
  it('is the one kept while it lives', async () => {
    await keep(3600_000)
    expect(await tokensOf(stores[0]).get(accountId)).toBe('access 0')
    expect(spent).toEqual([])
  })

  it.each([
    ['that ends soon', 60_000, undefined],
    ['that X refused', 3600_000, 'access 0'],
  ])('%s is refreshed once, however many ask in however many processes', async (_what, expiresInMs, refused) => {
    await keep(expiresInMs)
    const processes = stores.map((store) => tokensOf(store))
    const asking = [...processes, ...processes, ...processes].map((tokens) => tokens.get(accountId, refused))
    expect(new Set(await Promise.all(asking))).toEqual(new Set(['access 1']))
    expect(spent).toEqual(['refresh 0'])
    expect(await kept()).toEqual(['access 1', 'refresh 1', 120])
  })

  it('that was refreshed when the database went away is kept as soon as it is back: its predecessor is dead', async () => {
    await keep(60_000)
    const tokens = tokensOf(stores[0], () => proxy.cut())
    await expect(tokens.get(accountId)).rejects.toThrow()
    expect(spent).toEqual(['refresh 0'])
    await proxy.open()
    expect(await tokens.get(accountId)).toBe('access 1')
    expect(spent).toEqual(['refresh 0'])
    expect(await kept()).toEqual(['access 1', 'refresh 1', 120])
  })

  it('of a grant renewed meanwhile is the new grant’s', async () => {
    await keep(60_000)
    const tokens = tokensOf(stores[0], () => proxy.cut())
    await expect(tokens.get(accountId)).rejects.toThrow()
    await proxy.open()
    await keep(60_000, 'refresh of a new grant')
    expect(await tokensOf(stores[1]).get(accountId)).toBe('access 2')
    expect(await tokens.get(accountId)).toBe('access 2')
    expect(spent).toEqual(['refresh 0', 'refresh of a new grant'])
  })

  it('that cannot be had is an XError that says what to do', async () => {
    const tokens = tokensOf(stores[0])
    await expect(tokens.get(accountId)).rejects.toThrow(/no tokens: it must be authorized/)
    await keep(60_000, null)
    await expect(tokens.get(accountId)).rejects.toThrow(/no refresh token/)
    await keep(60_000, 'refresh 0')
    spent.push('refresh 0')
    await expect(tokens.get(accountId)).rejects.toMatchObject({ kind: 'UNAUTHORIZED' })
  })
})

describe('a call as an account (F47)', () => {
  const no = new XError('UNAUTHORIZED', 'no')

  it('that X takes clears the account’s name, whichever process counted against it', async () => {
    await keep(3_600_000)
    const tokens = tokensOf(stores[0])
    expect(await tokens.use(accountId, async (token) => token)).toBe('access 0')
    // Nothing was held against it: no write.
    expect(tokens.told).toEqual([])
    await keep(3_600_000, 'refresh 0', 1)
    expect(await tokens.use(accountId, async (token) => token)).toBe('access 0')
    expect(tokens.told).toEqual(['accepted'])
  })

  it.each([
    [0, []],
    [1, ['accepted']],
  ])('that X refuses is made once more with a refreshed token; taken then, %i refusals end', async (before, told) => {
    await keep(3_600_000, 'refresh 0', before)
    const tokens = tokensOf(stores[0])
    const call = async (token: string) => {
      if (token === 'access 0') throw no
      return token
    }
    expect(await tokens.use(accountId, call)).toBe('access 1')
    expect(tokens.told).toEqual(told)
  })

  it('is answered as X answered it, also when the refusals cannot be counted', async () => {
    await keep(3_600_000, 'refresh 0', 1)
    const tokens = tokensOf(stores[0], undefined, false)
    expect(await tokens.use(accountId, async () => 'posted')).toBe('posted')
    await expect(tokens.use(accountId, () => Promise.reject(no))).rejects.toBe(no)
    expect(tokens.told).toEqual(['accepted', 'CALL access 1'])
  })

  it.each([3_600_000, -1])('that is refused and cannot be refreshed is counted (expires in %i ms)', async (ms) => {
    await keep(ms, null)
    const tokens = tokensOf(stores[0])
    await expect(tokens.use(accountId, () => Promise.reject(no))).rejects.toMatchObject({ kind: 'UNAUTHORIZED' })
    expect(tokens.told).toEqual(['CALL access 0'])
  })

  it('that X refuses with a refreshed token, too, is counted', async () => {
    await keep(3_600_000)
    const tokens = tokensOf(stores[0])
    await expect(tokens.use(accountId, () => Promise.reject(no))).rejects.toBe(no)
    expect(tokens.told).toEqual(['CALL access 1'])
  })

  it.each([
    ['INVALID_REQUEST', ['GRANT refresh 0'], 'UNAUTHORIZED'],
    ['UNAUTHORIZED', [], 'UNAVAILABLE'],
    ['FORBIDDEN', [], 'UNAVAILABLE'],
    ['UNAVAILABLE', [], 'UNAVAILABLE'],
    ['RATE_LIMITED', [], 'RATE_LIMITED'],
  ] as const)('whose refresh is answered %s is told %j', async (kind, told, seen) => {
    await keep(-1)
    const tokens = tokensOf(stores[0], async () => {
      throw new XError(kind, 'no')
    })
    await expect(tokens.use(accountId, async () => 'never')).rejects.toMatchObject({ kind: seen })
    expect(tokens.told).toEqual(told)
    // The app's own credentials are for its operator to put right.
    const ours = kind === 'UNAUTHORIZED' || kind === 'FORBIDDEN'
    expect(tokens.complaints.map((line) => line.includes('X_CLIENT_SECRET'))).toEqual(ours ? [true] : [])
  })

  it.each(['UNAVAILABLE', 'RATE_LIMITED', 'FORBIDDEN', 'NOT_FOUND'] as const)(
    'that X answers %s is neither',
    async (kind) => {
      await keep(3_600_000)
      const tokens = tokensOf(stores[0])
      await expect(tokens.use(accountId, () => Promise.reject(new XError(kind, 'no')))).rejects.toMatchObject({ kind })
      expect(tokens.told).toEqual([])
    },
  )
})
