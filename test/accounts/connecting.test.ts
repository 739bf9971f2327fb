import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { App } from '../../src/app.ts'
import { FIRST_USERS } from '../../src/store/bootstrap.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { query, startPerch, tokenFor } from '../helpers/perch.ts'
import { type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'
import { accounts, brands, complete, connect, consent, empty, mutate, startAuthorization } from './graphql.ts'

/** F1-F5, F8: connecting X accounts, through GraphQL and the callback door, against the simulator. */

let database: TestDatabase
let x: ValidatedSimulator
let app: App
beforeAll(async () => {
  database = await testDatabase()
  x = await validatedSimulator()
  app = await startPerch({ databaseUrl: database.url, simulatorUrl: x.simulator.url })
})
afterAll(async () => {
  await app?.close()
  await x?.simulator.close()
  await database?.drop()
})
// A plan has room for five.
beforeEach(async () => {
  x.simulator.reset()
  const { prisma } = app.store
  await empty(app, 'account')
  await prisma.workspace.update({ where: { id: 1 }, data: { plan: 'SUITE' } })
  await prisma.user.update({ where: { id: FIRST_USERS.admin.id }, data: { active: true } })
})

const codes = ({ userErrors }: { userErrors: readonly { code: string }[] }) => userErrors.map(({ code }) => code)

describe('an authorization', () => {
  it('leads to X with PKCE, ends in a connected account, and captures from then on', async () => {
    const [brand = ''] = brands(x.simulator, 1)
    const { authorizeUrl, expiresAt } = await startAuthorization(app)
    const link = new URL(authorizeUrl ?? '')
    expect(link.pathname).toBe('/i/oauth2/authorize')
    const asked = Object.fromEntries(link.searchParams)
    expect(asked).toMatchObject({ response_type: 'code', redirect_uri: `${app.url}/oauth/x/callback` })
    expect(asked['code_challenge_method']?.toUpperCase()).toBe('S256')
    expect(asked['scope']?.split(' ')).toEqual(expect.arrayContaining(['tweet.write', 'dm.read', 'offline.access']))
    expect(Date.parse(expiresAt ?? '') - Date.now()).toBeGreaterThan(9.5 * 60_000)
    expect(Date.parse(expiresAt ?? '') - Date.now()).toBeLessThan(10.5 * 60_000)

    const back = await consent(link.href, brand)
    const { account, userErrors } = await complete(app, back)
    expect(userErrors).toEqual([])
    expect(account).toMatchObject({
      screenName: 'brand_0',
      status: 'ACTIVE',
      captureMentions: true,
      allowReplies: true,
    })
    expect(account).toMatchObject({ isDefault: false, captureDirectMessages: false, canReply: true })
    x.assertNoViolations()
  })

  it('is finished by the callback door too, with a page for people', async () => {
    const [brand = ''] = brands(x.simulator, 1)
    const { authorizeUrl } = await startAuthorization(app)
    const answer = await fetch(await consent(authorizeUrl ?? '', brand))
    expect(answer.status).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(await answer.text()).toContain('@brand_0 is connected')
    expect(await accounts(app)).toMatchObject([{ screenName: 'brand_0', status: 'ACTIVE' }])
  })

  it('is good once: its state cannot be used again, by the door or the mutation', async () => {
    const [brand = ''] = brands(x.simulator, 1)
    const { authorizeUrl } = await startAuthorization(app)
    const back = await consent(authorizeUrl ?? '', brand)
    const both = await Promise.all([complete(app, back), complete(app, back), complete(app, back)])
    expect(both.map(codes).toSorted()).toEqual([[], ['AUTHORIZATION_USED'], ['AUTHORIZATION_USED']])
    expect((await fetch(back)).status).toBe(400)
    expect(await accounts(app)).toHaveLength(1)
  })

  it('belongs to the administrator who began it', async () => {
    const other = '00000000-0000-4000-8000-0000000000ad'
    await app.store.prisma.user.create({
      data: { id: other, role: 'ADMIN', name: 'Other', email: 'other@example.org' },
    })
    const [brand = ''] = brands(x.simulator, 1)
    const { authorizeUrl } = await startAuthorization(app)
    const back = await consent(authorizeUrl ?? '', brand)
    const { state, code } = Object.fromEntries(back.searchParams)
    const token = await app.signer.sign({ sub: other, role: 'ADMIN', ttlSeconds: 60 })
    const text = `mutation ($input: CompleteAccountAuthorizationInput!) {
      completeAccountAuthorization(input: $input) { userErrors { code } } }`
    expect(await query(app.url, token, text, { input: { state, code } })).toEqual({
      completeAccountAuthorization: { userErrors: [{ code: 'AUTHORIZATION_UNKNOWN' }] },
    })
    // The foreigner has not spent it.
    expect(codes(await complete(app, back))).toEqual([])
  })

  it('is not finished in the name of someone who is no administrator any more', async () => {
    const [brand = ''] = brands(x.simulator, 1)
    const { authorizeUrl } = await startAuthorization(app)
    const back = await consent(authorizeUrl ?? '', brand)
    await app.store.prisma.user.update({ where: { id: FIRST_USERS.admin.id }, data: { active: false } })
    expect((await fetch(back)).status).toBe(400)
    expect(await app.store.prisma.account.count()).toBe(0)
  })

  it('is too old after ten minutes', async () => {
    const [brand = ''] = brands(x.simulator, 1)
    const { authorizeUrl } = await startAuthorization(app)
    await app.store.prisma.$executeRaw`UPDATE account_authorization SET expires_at = expires_at - interval '10 minutes'`
    expect(codes(await complete(app, await consent(authorizeUrl ?? '', brand)))).toEqual(['AUTHORIZATION_EXPIRED'])
  })

  it('that was never begun is unknown', async () => {
    const answer = await mutate(app, 'completeAccountAuthorization', { state: 'made up', code: 'c' })
    expect(codes(answer)).toEqual(['AUTHORIZATION_UNKNOWN'])
    expect((await fetch(`${app.url}/oauth/x/callback?state=made+up&code=c`)).status).toBe(400)
    expect((await fetch(`${app.url}/oauth/x/callback`)).status).toBe(400)
    expect((await fetch(`${app.url}/oauth/x/callback?state=a`, { method: 'POST' })).status).toBe(405)
  })

  it('that the owner denies says so', async () => {
    const [brand = ''] = brands(x.simulator, 1)
    const { authorizeUrl } = await startAuthorization(app)
    const back = await consent(authorizeUrl ?? '', brand, 'cancel')
    expect(codes(await complete(app, back))).toEqual(['AUTHORIZATION_DENIED'])
    const again = await startAuthorization(app)
    const page = await fetch(await consent(again.authorizeUrl ?? '', brand, 'cancel'))
    expect([page.status, await page.text()]).toEqual([400, expect.stringContaining('did not let us in')])
  })

  it('whose code X does not take says so', async () => {
    const { authorizeUrl } = await startAuthorization(app)
    const state = new URL(authorizeUrl ?? '').searchParams.get('state')
    expect(codes(await mutate(app, 'completeAccountAuthorization', { state, code: 'expired' }))).toEqual([
      'CODE_REJECTED',
    ])
    const next = new URL((await startAuthorization(app)).authorizeUrl ?? '').searchParams.get('state')
    expect(codes(await mutate(app, 'completeAccountAuthorization', { state: next }))).toEqual(['CODE_REJECTED'])
  })

  it('can be tried again with the same answer when X was down', async () => {
    const [brand = ''] = brands(x.simulator, 1)
    const { authorizeUrl } = await startAuthorization(app)
    const back = await consent(authorizeUrl ?? '', brand)
    x.simulator.addFault({ match: { path: '/2/oauth2/token' }, kind: 'status', status: 503, times: 1 })
    expect(codes(await complete(app, back))).toEqual(['X_UNAVAILABLE'])
    expect(codes(await complete(app, back))).toEqual([])
  })

  it('needs the consent to more than reading', async () => {
    const [brand = ''] = brands(x.simulator, 1)
    const { authorizeUrl } = await startAuthorization(app)
    const link = new URL(authorizeUrl ?? '')
    link.searchParams.set('scope', 'tweet.read users.read')
    const answer = await complete(app, await consent(link.href, brand))
    expect([codes(answer), answer.userErrors[0]?.message]).toEqual([
      ['SCOPES_MISSING'],
      expect.stringContaining('offline.access'),
    ])
    expect(await accounts(app)).toEqual([])
  })

  it('is for administrators', async () => {
    const text = 'mutation { startAccountAuthorization(input: {}) { authorizeUrl } }'
    await expect(query(app.url, await tokenFor(app, 'agent'), text)).rejects.toThrow(/is for administrators/)
    expect(await app.store.prisma.accountAuthorization.count()).toBe(0)
  })
})

async function changePlan(plan: string) {
  const text = `mutation ($plan: Plan!) { updateWorkspace(input: { plan: $plan }) {
    workspace { plan accountsAllowed } userErrors { code } } }`
  const { updateWorkspace } = await query<{ updateWorkspace: object }>(app.url, await tokenFor(app, 'admin'), text, {
    plan,
  })
  return updateWorkspace
}

describe('the plan', () => {
  it('is changed only where the accounts there are fit into it', async () => {
    const [one = '', two = ''] = brands(x.simulator, 2)
    const { account } = await connect(app, one)
    await mutate(app, 'updateAccount', { accountId: account?.id, captureDirectMessages: true })
    await connect(app, two)
    const refused = { userErrors: [{ code: 'NOT_IN_PLAN' }, { code: 'NOT_IN_PLAN' }], workspace: { plan: 'SUITE' } }
    expect(await changePlan('SUPPORT')).toMatchObject(refused)
  })

  it('has room for five handles on Suite, also when ten are completed at once (F2)', async () => {
    const ids = brands(x.simulator, 10)
    const revoked = () => x.exchanges.filter(({ path, status }) => path === '/2/oauth2/revoke' && status === 200).length
    const before = revoked()
    const backs = await Promise.all(
      ids.map(async (id) => consent((await startAuthorization(app)).authorizeUrl ?? '', id)),
    )
    const answers = await Promise.all(backs.map((back) => complete(app, back)))
    expect(answers.map(codes).filter(({ length }) => length === 0)).toHaveLength(5)
    expect(answers.flatMap(codes)).toEqual(Array(5).fill('ACCOUNT_LIMIT_REACHED'))
    expect(await accounts(app)).toHaveLength(5)
    expect((await startAuthorization(app)).userErrors).toMatchObject([{ code: 'ACCOUNT_LIMIT_REACHED' }])
    // What was refused is ended at X, too.
    expect(revoked() - before).toBe(10)
  })

  it('counts deactivated handles, but not unlinked ones', async () => {
    const ids = brands(x.simulator, 6)
    for (const id of ids.slice(0, 5)) expect(codes(await connect(app, id))).toEqual([])
    const [first] = await accounts(app)
    await mutate(app, 'deactivateAccount', { accountId: first?.id })
    expect(codes(await connect(app, ids[5] ?? ''))).toEqual(['ACCOUNT_LIMIT_REACHED'])
    await mutate(app, 'unlinkAccount', { accountId: first?.id, screenName: '@brand_0' })
    expect(codes(await connect(app, ids[5] ?? ''))).toEqual([])
  })

  it('has room for one handle on Support, without direct messages (F1)', async () => {
    expect(await changePlan('SUPPORT')).toEqual({ userErrors: [], workspace: { plan: 'SUPPORT', accountsAllowed: 1 } })
    const [one = '', two = ''] = brands(x.simulator, 2)
    const { account } = await connect(app, one)
    expect(codes(await connect(app, two))).toEqual(['ACCOUNT_LIMIT_REACHED'])
    const refused = await mutate(app, 'updateAccount', { accountId: account?.id, captureDirectMessages: true })
    expect(refused.userErrors).toMatchObject([{ code: 'NOT_IN_PLAN', field: ['captureDirectMessages'] }])
    // And whatever the program does, the database does not take it.
    await expect(app.store.prisma.$executeRaw`UPDATE account SET capture_direct_messages = true`).rejects.toThrow(
      /no direct messages/,
    )
    await expect(
      app.store.prisma.account.create({
        data: { id: '00000000-0000-4000-8000-000000000001', xUserId: '1', screenName: 'a', name: 'A' },
      }),
    ).rejects.toThrow()
  })
})

describe('a handle that is connected already', () => {
  it('is not connected twice (F4)', async () => {
    const [brand = ''] = brands(x.simulator, 1)
    const { account } = await connect(app, brand)
    const again = await connect(app, brand)
    expect(codes(again)).toEqual(['ALREADY_CONNECTED'])
    // Its grant is as well as before: X sees one grant for both.
    expect(await accounts(app)).toEqual([account])
  })

  it('is authorized anew by its id, and keeps its settings (F8)', async () => {
    const [brand = ''] = brands(x.simulator, 1)
    const { account } = await connect(app, brand)
    await mutate(app, 'updateAccount', {
      accountId: account?.id,
      captureMentions: false,
      isDefault: true,
      trackLikes: true,
    })
    const before = await accounts(app)
    expect(codes(await connect(app, brand, account?.id))).toEqual([])
    expect(await accounts(app)).toEqual(before)
  })

  it('is not authorized anew by the owner of another (F8)', async () => {
    const [one = '', two = ''] = brands(x.simulator, 2)
    const { account } = await connect(app, one)
    const answer = await connect(app, two, account?.id)
    expect([codes(answer), answer.userErrors[0]?.message]).toEqual([
      ['WRONG_ACCOUNT'],
      expect.stringContaining('@brand_1'),
    ])
  })

  it('comes back with its settings when X had shut it out, also without its id', async () => {
    const [brand = ''] = brands(x.simulator, 1)
    const { account } = await connect(app, brand)
    await mutate(app, 'updateAccount', { accountId: account?.id, trackLikes: true, isDefault: true })
    const before = await accounts(app)
    await app.store.prisma.account.updateMany({
      data: { status: 'DEAUTHORIZED', deauthorizedAt: new Date(), deauthorizationCause: 'REFUSED' },
    })
    await app.store.prisma.accountCredential.deleteMany()
    expect(codes(await connect(app, brand))).toEqual([])
    expect(await accounts(app)).toEqual(before)
  })
})
