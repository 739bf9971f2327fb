import { afterAll, beforeAll, expect, it } from 'vitest'
import { linkOf } from '../../src/tickets/ticket-link.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { connectBrand, query, startPerch, tokenFor } from '../helpers/perch.ts'
import { type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'

/** F50-F52 from outside: the settings over GraphQL, and where short links lead. */

let x: ValidatedSimulator
let database: TestDatabase
let app: Awaited<ReturnType<typeof startPerch>>
beforeAll(async () => {
  x = await validatedSimulator()
  database = await testDatabase()
  await connectBrand(database.url, x.simulator)
  app = await startPerch({ databaseUrl: database.url, simulatorUrl: x.simulator.url })
})
afterAll(async () => {
  await app?.close()
  await x?.simulator.close()
  await database?.drop()
})

const SETTINGS = 'requesterPage requesterSignIn ticketLinks ticketLinkForm'
async function update(input: object, who: 'admin' | 'agent' = 'admin') {
  const text = `mutation ($input: UpdateWorkspaceInput!) { updateWorkspace(input: $input) {
    workspace { ${SETTINGS} } warnings { code } userErrors { code field } } }`
  const { updateWorkspace } = await query<{ updateWorkspace: { workspace: object } }>(
    app.url,
    await tokenFor(app, who),
    text,
    { input },
  )
  return updateWorkspace
}

const OFF = { requesterPage: false, requesterSignIn: false, ticketLinks: null, ticketLinkForm: null }
const ON = { requesterPage: true, requesterSignIn: true, ticketLinks: 'ALWAYS', ticketLinkForm: 'SHORT' }

it('the settings begin off, need what they stand on, and fall with it', async () => {
  expect(await update({})).toEqual({ workspace: OFF, warnings: [], userErrors: [] })
  expect(await update({ ticketLinks: 'AGENT_DECIDES', requesterSignIn: true })).toEqual({
    workspace: OFF,
    warnings: [],
    userErrors: [{ code: 'SIGN_IN_NEEDS_REQUESTER_PAGE', field: ['requesterSignIn'] }],
  })
  // F52: always, and short, unless somebody says otherwise.
  expect(await update({ requesterPage: true, requesterSignIn: true })).toMatchObject({ workspace: ON })
  expect(await update({ ticketLinks: 'AGENT_DECIDES' })).toMatchObject({ workspace: { ticketLinks: 'AGENT_DECIDES' } })
  expect(await update({ requesterPage: false })).toEqual({
    workspace: OFF,
    warnings: [{ code: 'REQUESTER_SIGN_IN_OFF' }, { code: 'TICKET_LINKS_OFF' }],
    userErrors: [],
  })
  // The choice was kept.
  expect(await update({ requesterPage: true, requesterSignIn: true })).toMatchObject({
    workspace: { ...ON, ticketLinks: 'AGENT_DECIDES' },
  })
  await expect(update({ requesterPage: false }, 'agent')).rejects.toThrow('administrators')
})

it('a short link leads to the ticket’s page while requesters can sign in, and grants nothing', async () => {
  await update({ requesterPage: true, requesterSignIn: true })
  const [asker] = x.simulator.users().filter(({ username }) => username !== 'acme')
  x.simulator.createPost({ from: asker?.id ?? '', text: '@acme where is my parcel' })
  const ticket = await expect
    .poll(() => app.store.prisma.ticket.findFirst(), { timeout: 10_000 })
    .not.toBeNull()
    .then(() => app.store.prisma.ticket.findFirstOrThrow())
  const { value } = await app.store.change({ kind: 'system', part: 'test' }, (scope) => linkOf(scope, ticket.id))
  const open = (code: string, method = 'GET') => fetch(`${app.url}/t/${code}`, { method, redirect: 'manual' })

  const leads = await open(value.code)
  expect([leads.status, leads.headers.get('location')]).toEqual([302, `${app.url}/requester/tickets/${ticket.number}`])
  expect(leads.headers.get('set-cookie')).toBeNull()
  expect((await open(value.code, 'HEAD')).status).toBe(302)
  const page = await open('0000000000')
  expect([page.status, await page.text()]).toEqual([404, expect.stringContaining('leads nowhere')])
  for (const nonsense of ['', 'x', `${value.code}/`, '%27%20OR%201', value.code.slice(1)]) {
    expect((await open(nonsense)).status).toBe(404)
  }
  expect((await open(value.code, 'POST')).status).toBe(405)

  await update({ requesterSignIn: false })
  expect((await open(value.code)).status).toBe(404)
})
