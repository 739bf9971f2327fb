import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Simulator } from '../../simulator/index.ts'
import type { App } from '../../src/app.ts'
import { createLinkTokens } from '../../src/server/link-tokens.ts'
import { FIRST_USERS } from '../../src/store/bootstrap.ts'
import { accounts, brands, connect, consent } from '../accounts/graphql.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { SECRET, startPerch, tokenFor } from '../helpers/perch.ts'
import { validatedSimulator } from '../helpers/simulator.ts'

/** The link of an e-mail: /oauth/x/start leads on to X, in the name of the administrator it was written to. */

let simulator: Simulator
let database: TestDatabase
let app: App
let accountId: string
const links = createLinkTokens([SECRET])
beforeAll(async () => {
  simulator = (await validatedSimulator()).simulator
  database = await testDatabase()
  app = await startPerch({ databaseUrl: database.url, simulatorUrl: simulator.url })
  await connect(app, brands(simulator, 1)[0] ?? '')
  accountId = (await app.store.prisma.account.findFirstOrThrow()).id
})
afterAll(async () => {
  await app?.close()
  await simulator?.close()
  await database?.drop()
})

const open = (ticket: string) =>
  fetch(`${app.url}/oauth/x/start?ticket=${encodeURIComponent(ticket)}`, { redirect: 'manual' })

describe('the link of an e-mail', () => {
  it('leads to X, and its consent authorizes that account anew', async () => {
    const answer = await open(await links.sign({ userId: FIRST_USERS.admin.id, accountId }))
    expect(answer.status).toBe(303)
    const brand = (await app.store.prisma.account.findFirstOrThrow()).xUserId
    const before = await app.store.prisma.accountCredential.findFirstOrThrow()
    const page = await fetch(await consent(answer.headers.get('location') ?? '', brand))
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('@brand_0 is connected')])
    expect((await app.store.prisma.accountCredential.findFirstOrThrow()).grantedAt > before.grantedAt).toBe(true)
    expect(await accounts(app)).toHaveLength(1)
  })

  it('does not let another account in', async () => {
    const answer = await open(await links.sign({ userId: FIRST_USERS.admin.id, accountId }))
    const other = simulator.createUser({ username: 'not_the_brand' }).id
    const page = await fetch(await consent(answer.headers.get('location') ?? '', other))
    expect([page.status, await page.text()]).toEqual([409, expect.stringContaining('@not_the_brand')])
  })

  it.each([
    ['an agent', () => links.sign({ userId: FIRST_USERS.agent.id, accountId })],
    ['nobody known', () => links.sign({ userId: '00000000-0000-4000-8000-00000000dead', accountId })],
    [
      'another deployment',
      () => createLinkTokens(['some other secret of 32 characters!']).sign({ userId: FIRST_USERS.admin.id, accountId }),
    ],
    ['an access token', () => tokenFor(app, 'admin')],
    ['nothing', async () => ''],
    ['nonsense', async () => 'a.b.c'],
  ])('of %s leads nowhere', async (_whose, ticket) => {
    const before = await app.store.prisma.accountAuthorization.count()
    expect((await open(await ticket())).status).toBe(400)
    expect(await app.store.prisma.accountAuthorization.count()).toBe(before)
  })

  it('of a secret that is being replaced is good as long as that one is listed', async () => {
    const link = { userId: FIRST_USERS.admin.id, accountId }
    const old = 'the secret before, of 32 characters!'
    const signed = await createLinkTokens([old]).sign(link)
    expect(await createLinkTokens([SECRET, old]).read(signed)).toEqual(link)
    expect(await links.read(signed)).toBeUndefined()
  })

  it('is no access token', async () => {
    const token = await links.sign({ userId: FIRST_USERS.admin.id, accountId })
    const answer = await fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: '{ accounts { id } }' }),
    })
    expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
  })

  it('of an account that was let go says so', async () => {
    const ticket = await links.sign({ userId: FIRST_USERS.admin.id, accountId: '00000000-0000-4000-8000-00000000dead' })
    expect((await open(ticket)).status).toBe(404)
  })
})

it('pages show what X says as text, never as markup', async () => {
  const evil = '<script>alert(1)</script>'
  const page = await fetch(
    `${app.url}/oauth/x/callback?state=${encodeURIComponent(evil)}&error=${encodeURIComponent(evil)}`,
  )
  expect(await page.text()).not.toContain('<script')
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
})
