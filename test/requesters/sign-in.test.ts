import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { encodeGlobalId } from '../../src/schema/global-id.ts'
import { createTokenSigner } from '../../src/server/auth.ts'
import { SIGN_INS_A_MINUTE } from '../../src/server/requester-doors.ts'
import { deriveSessionKey } from '../../src/server/requester-sessions.ts'
import { linkOf } from '../../src/tickets/ticket-link.ts'
import { SECRET } from '../helpers/perch.ts'
import { browser, OWN_PAGE } from './browser.ts'
import { type RequesterWorld, requesterWorld } from './world.ts'

/** F51, F53: requesters sign in with X, over real sockets and the simulator's consent page. */

let world: RequesterWorld
beforeAll(async () => {
  world = await requesterWorld({ PERCH_TRUSTED_PROXIES: '1' })
})
afterAll(() => world?.close())
afterEach(() => world.x.simulator.clearFaults())

const ME = '{ viewer { name role xProfile { username } } }'
const users = () => world.app.store.prisma.user.count()
const xCalls = (path: string) => world.x.exchanges.filter((exchange) => exchange.path === path)

describe('signing in with X', () => {
  it('asks for who they are, and nothing else', async () => {
    const answer = await browser(world.app.url).open('/requester/sign-in')
    const asked = new URL(answer.headers.get('location') ?? '')
    expect(asked.searchParams.get('scope')?.split(' ').sort()).toEqual(['tweet.read', 'users.read'])
    expect(asked.searchParams.get('code_challenge_method')?.toLowerCase()).toBe('s256')
    expect(asked.searchParams.get('redirect_uri')).toBe(`${world.app.url}/requester/callback`)
    const page = await (await fetch(asked)).text()
    expect([page.match(/<li>/g)?.length, page]).toEqual([2, expect.not.stringMatching(/write|message|Stay connected/i)])
  })

  it('leads back to the page as the user whose posts became tickets, and keeps no token of X', async () => {
    const page = browser(world.app.url, `/requester/tickets/${world.ada.number}`)
    const before = await users()
    const revoked = xCalls('/2/oauth2/revoke').length
    const back = await page.signIn(world.ada.id)
    expect([back.status, back.headers.get('location')]).toEqual([
      303,
      `${world.app.url}/requester/tickets/${world.ada.number}`,
    ])
    expect(await page.ask(ME)).toMatchObject({
      status: 200,
      data: { viewer: { role: 'END_USER', xProfile: { username: 'ada' } } },
    })
    expect(await users()).toBe(before)
    expect(xCalls('/2/oauth2/revoke')).toHaveLength(revoked + 1)
    const answer = xCalls('/2/oauth2/token').at(-1)?.responseBody as { access_token: string; refresh_token?: string }
    expect(answer.refresh_token).toBeUndefined()
    const used = await fetch(`${world.x.simulator.url}/2/users/me`, {
      headers: { authorization: `Bearer ${answer.access_token}` },
    })
    expect(used.status).toBe(401)
    world.x.assertNoViolations()
  })

  it('makes an end user of somebody who never wrote, once', async () => {
    const { id } = world.x.simulator.createUser({ username: 'carol', name: 'Carol' })
    const before = await users()
    const pages = [browser(world.app.url), browser(world.app.url)]
    await Promise.all(pages.map((page) => page.signIn(id)))
    for (const page of pages) {
      expect((await page.ask(ME)).data).toEqual({
        viewer: { name: 'Carol', role: 'END_USER', xProfile: { username: 'carol' } },
      })
    }
    expect(await users()).toBe(before + 1)
  })

  it('does not end the grant of an account that is at work', async () => {
    const { xUserId } = await world.app.store.prisma.account.findFirstOrThrow()
    const revoked = xCalls('/2/oauth2/revoke').length
    expect((await browser(world.app.url).signIn(xUserId)).status).toBe(303)
    expect(xCalls('/2/oauth2/revoke')).toHaveLength(revoked)
  })

  it('begins at the public address, whatever the browser calls it: the cookie must be there when it comes back', async () => {
    const { port } = new URL(world.app.url)
    const elsewhere = await browser(`http://localhost:${port}`).open('/requester/sign-in?return=/requester/profile')
    const location = elsewhere.headers.get('location') ?? ''
    expect([elsewhere.status, elsewhere.headers.get('set-cookie')]).toEqual([303, null])
    expect(location).toBe(`${world.app.url}/requester/sign-in?here&return=%2Frequester%2Fprofile`)
    // Behind a proxy that changes the name it does not go round in circles.
    const again = await browser(`http://localhost:${port}`).open('/requester/sign-in?here')
    expect(again.headers.get('location')).toContain('/i/oauth2/authorize')
  })

  it('goes on nowhere else than on the page, whatever the address says', async () => {
    for (const elsewhere of [
      'https://evil.example',
      '//evil.example',
      '/graphql',
      '/requester/../oauth',
      '/requester/sign-out',
    ]) {
      const back = await browser(world.app.url, elsewhere).signIn(world.ada.id)
      expect(back.headers.get('location')).toBe(`${world.app.url}/requester/`)
    }
  })
})

describe('the way back from X', () => {
  const refused = async (response: Response, status: number) => {
    expect(response.status).toBe(status)
    expect(await response.text()).toContain('You are not signed in')
    expect(response.headers.getSetCookie().filter((line) => line.startsWith('perch_requester='))).toEqual([])
  }

  it('is good in the browser that began, and once', async () => {
    const page = browser(world.app.url)
    const back = await page.consent(world.ada.id)
    await refused(await browser(world.app.url).open(back.href), 400)
    const other = browser(world.app.url)
    await other.consent(world.bob.id)
    await refused(await other.open(back.href), 400)
    // Nobody else's try has spent it.
    expect((await page.open(back.href)).status).toBe(303)
    page.jar.clear()
    await refused(await page.open(back.href), 400)
  })

  it('is not good twice in one browser either', async () => {
    const page = browser(world.app.url)
    const back = await page.consent(world.ada.id)
    const cookies = new Map(page.jar)
    await page.open(back.href)
    page.jar.clear()
    for (const [name, value] of cookies) page.jar.set(name, value)
    await refused(await page.open(back.href), 400)
  })

  it('is good for ten minutes', async () => {
    const page = browser(world.app.url)
    const back = await page.consent(world.ada.id)
    await world.app.store.prisma.$executeRaw`
      UPDATE requester_sign_in SET expires_at = expires_at - interval '10 minutes' WHERE used_at IS NULL`
    await refused(await page.open(back.href), 400)
  })

  it('says so when the person said no, and when X does not answer', async () => {
    await refused(await browser(world.app.url).signIn(world.ada.id, 'cancel'), 403)
    for (const path of ['/2/oauth2/token', '/2/users/me']) {
      const page = browser(world.app.url)
      const back = await page.consent(world.ada.id)
      world.x.simulator.addFault({ match: { path }, kind: 'status', status: 503, times: 10 })
      await refused(await page.open(back.href), 502)
      world.x.simulator.clearFaults()
      // It is spent: X's code was, too.
      await refused(await page.open(back.href), 400)
    }
  })

  it('with a code that is not X’s lets nobody in', async () => {
    const page = browser(world.app.url)
    const back = await page.consent(world.ada.id)
    back.searchParams.set('code', 'made-up')
    await refused(await page.open(back.href), 502)
    await refused(await page.open('/requester/callback'), 400)
  })

  it('leaves somebody outside who was suspended here (F69), and ends their session', async () => {
    const { prisma } = world.app.store
    const page = browser(world.app.url)
    await page.signIn(world.bob.id)
    expect((await page.ask(ME)).status).toBe(200)
    await prisma.user.updateMany({ where: { xProfileId: world.bob.id }, data: { active: false } })
    await refused(await browser(world.app.url).signIn(world.bob.id), 403)
    await expect.poll(async () => (await page.ask(ME)).code, { timeout: 8_000 }).toBe('UNAUTHENTICATED')
    await prisma.user.updateMany({ where: { xProfileId: world.bob.id }, data: { active: true } })
  })

  it('keeps neither the state nor the verifier nor the cookie as it is', async () => {
    const page = browser(world.app.url)
    const back = await page.consent(world.ada.id)
    const rows = JSON.stringify(await world.app.store.prisma.requesterSignIn.findMany())
    expect(rows).not.toContain(back.searchParams.get('state'))
    expect(rows).not.toContain(page.jar.get('perch_sign_in'))
    await page.open(back.href)
    const exchange = xCalls('/2/oauth2/token').at(-1)?.requestBody as { code_verifier: string } | undefined
    const verifier = exchange?.code_verifier ?? ''
    expect(verifier.length).toBeGreaterThan(40)
    expect(rows).not.toContain(verifier)
  })
})

describe('too many who begin', () => {
  const begin = (address: string) =>
    browser(world.app.url).open('/requester/sign-in', { headers: { 'x-forwarded-for': address } })

  it('from one address wait a minute; others do not wait for them', async () => {
    const rows = () => world.app.store.prisma.requesterSignIn.count()
    const before = await rows()
    const statuses: number[] = []
    for (let n = 0; n < SIGN_INS_A_MINUTE; n++) statuses.push((await begin(`192.0.2.7, 198.51.100.1`)).status)
    expect(new Set(statuses)).toEqual(new Set([303]))
    const refused = await begin('192.0.2.8, 198.51.100.1')
    expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([429, expect.any(Number)])
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60)
    expect([refused.headers.get('set-cookie'), await refused.text()]).toEqual([null, expect.stringContaining('Wait')])
    expect(await rows()).toBe(before + SIGN_INS_A_MINUTE)
    expect((await begin('198.51.100.2')).status).toBe(303)
  })
})

describe('the cookies', () => {
  it('are HttpOnly, SameSite=Lax and short-lived', async () => {
    const page = browser(world.app.url)
    await page.signIn(world.ada.id)
    expect(page.lines.map((line) => line.replace(/=[\w.-]{20,};/, '=…;'))).toEqual([
      'perch_sign_in=…; Path=/; Max-Age=600; HttpOnly; SameSite=Lax',
      'perch_requester=…; Path=/; Max-Age=7200; HttpOnly; SameSite=Lax',
      'perch_sign_in=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax',
    ])
  })

  it('are taken from our own page only (CSRF)', async () => {
    const page = browser(world.app.url)
    await page.signIn(world.ada.id)
    const asked = async (headers: Record<string, string>) => {
      const { status, code } = await page.ask(ME, {}, headers)
      return `${status} ${code ?? ''}`.trim()
    }
    const { 'x-perch-page': header, ...fromHere } = OWN_PAGE
    expect(await asked(OWN_PAGE)).toBe('200')
    expect(await asked(fromHere)).toBe('403 FORBIDDEN')
    expect(await asked({ 'x-perch-page': header, origin: 'https://evil.example' })).toBe('403 FORBIDDEN')
    expect(await asked({ 'x-perch-page': header, origin: 'null' })).toBe('403 FORBIDDEN')
    expect(await asked({ 'x-perch-page': header, 'sec-fetch-site': 'same-site' })).toBe('403 FORBIDDEN')
    expect((await page.open(`/graphql?query=${encodeURIComponent(ME)}`)).status).toBe(403)
    // A page elsewhere that asks first is not let.
    const preflight = await fetch(`${world.app.url}/graphql`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://evil.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'x-perch-page',
      },
    })
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull()
    expect((await page.open('/requester/sign-out', { method: 'POST' })).status).toBe(403)
    expect((await page.open('/requester/sign-out', { headers: OWN_PAGE })).status).toBe(405)
    expect(await asked(OWN_PAGE)).toBe('200')
  })

  it('give way to a token, and are none themselves', async () => {
    const page = browser(world.app.url)
    await page.signIn(world.ada.id)
    const cookie = page.jar.get('perch_requester') ?? ''
    expect((await page.ask(ME, {}, { authorization: `Bearer ${cookie}` })).code).toBe('UNAUTHENTICATED')
    const { id } = await world.app.store.prisma.user.findFirstOrThrow({ where: { role: 'AGENT' } })
    const token = await world.app.signer.sign({ sub: id, role: 'AGENT', ttlSeconds: 60 })
    expect((await page.ask(ME, {}, { authorization: `Bearer ${token}` })).data).toMatchObject({
      viewer: { role: 'AGENT' },
    })
    page.jar.set('perch_requester', token)
    expect((await page.ask(ME)).code).toBe('UNAUTHENTICATED')
  })

  it('make nobody more than an end user, and expire', async () => {
    const { id } = await world.app.store.prisma.user.findFirstOrThrow({ where: { role: 'ADMIN' } })
    const signer = createTokenSigner(deriveSessionKey(SECRET))
    const page = browser(world.app.url)
    page.jar.set('perch_requester', await signer.sign({ sub: id, role: 'ADMIN', ttlSeconds: 60 }))
    expect((await page.ask('{ accounts { id } }')).code).toBe('FORBIDDEN')
    page.jar.set('perch_requester', await signer.sign({ sub: id, role: 'END_USER', ttlSeconds: -60 }))
    expect(await page.ask(ME)).toMatchObject({ status: 401, code: 'TOKEN_EXPIRED' })
  })

  it('are gone after signing out', async () => {
    const page = browser(world.app.url)
    await page.signIn(world.ada.id)
    const out = await page.open('/requester/sign-out', { method: 'POST', headers: OWN_PAGE })
    expect([out.status, [...page.jar]]).toEqual([204, []])
    expect(await page.ask(ME)).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' })
  })
})

describe('signing out everywhere', () => {
  const EVERYWHERE = 'mutation { updateViewer(input: { signOutEverywhere: true }) { userErrors { code } } }'

  it('ends every browser’s session, also what is open, and nobody else’s; signing in again begins anew', async () => {
    const [here, there, other] = [browser(world.app.url), browser(world.app.url), browser(world.app.url)]
    const dora = world.x.simulator.createUser({ username: 'dora', name: 'Dora' })
    await here.signIn(world.ada.id)
    await there.signIn(world.ada.id)
    await other.signIn(dora.id)
    const stream = await there.open('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', origin: world.app.url, ...OWN_PAGE },
      body: JSON.stringify({ query: 'subscription { ticketEvents { type } }' }),
    })
    expect((await here.ask(EVERYWHERE)).data).toEqual({ updateViewer: { userErrors: [] } })
    // To its end: the server ends it, and says why.
    expect(await stream.text()).toContain('UNAUTHENTICATED')
    for (const page of [here, there])
      await expect.poll(async () => (await page.ask(ME)).code, { timeout: 5_000 }).toBe('UNAUTHENTICATED')
    expect((await other.ask(ME)).data).toMatchObject({ viewer: { name: 'Dora' } })
    await here.signIn(world.ada.id)
    expect((await here.ask(ME)).data).toMatchObject({ viewer: { name: 'ADA' } })
    expect((await there.ask(ME)).code).toBe('UNAUTHENTICATED')
  })

  it('leaves access tokens alone, and is not for the team', async () => {
    const { id } = await world.app.store.prisma.user.findFirstOrThrow({ where: { role: 'AGENT' } })
    const page = browser(world.app.url)
    const as = async (role: 'AGENT' | 'END_USER') => ({
      authorization: `Bearer ${await world.app.signer.sign({ sub: id, role, ttlSeconds: 60 })}`,
    })
    expect((await page.ask(EVERYWHERE, {}, await as('AGENT'))).code).toBe('FORBIDDEN')
    const token = await as('END_USER')
    expect((await page.ask(EVERYWHERE, {}, token)).code).toBeUndefined()
    expect((await page.ask(ME, {}, token)).code).toBeUndefined()
  })
})

describe('where requesters cannot sign in (F50, F51)', () => {
  afterEach(() => world.settings({ requesterPage: true, requesterSignIn: true }))

  it('no door leads in, and who was in is out', async () => {
    const page = browser(world.app.url)
    await page.signIn(world.ada.id)
    const back = await page.consent(world.ada.id)
    await world.settings({ requesterSignIn: false })
    expect((await page.open('/requester/')).status).toBe(200)
    expect((await page.open('/requester/sign-in')).status).toBe(404)
    expect((await page.open(back.href)).status).toBe(404)
    expect((await page.ask(ME)).code).toBe('UNAUTHENTICATED')
    await world.settings({ requesterPage: false })
    for (const path of ['/requester', '/requester/', '/requester/sign-in', '/requester/assets/page.js']) {
      expect((await page.open(path)).status).toBe(404)
    }
  })
})

describe('a short link (F52)', () => {
  afterEach(() => world.settings({ requesterPage: true, requesterSignIn: true }))

  it('leads to the ticket’s page while requesters can sign in, and grants nothing', async () => {
    const { app, ada } = world
    const { value } = await app.store.change({ kind: 'system', part: 'test' }, (scope) => linkOf(scope, ada.ticketId))
    const open = (code: string, method = 'GET') => fetch(`${app.url}/t/${code}`, { method, redirect: 'manual' })
    const leads = await open(value.code)
    expect([leads.status, leads.headers.get('location')]).toEqual([302, `${app.url}/requester/tickets/${ada.number}`])
    expect(leads.headers.get('set-cookie')).toBeNull()
    expect((await open(value.code, 'HEAD')).status).toBe(302)
    const page = await open('0000000000')
    expect([page.status, await page.text()]).toEqual([404, expect.stringContaining('leads nowhere')])
    for (const nonsense of ['', 'x', `${value.code}/`, '%27%20OR%201', value.code.slice(1)]) {
      expect((await open(nonsense)).status).toBe(404)
    }
    expect((await open(value.code, 'POST')).status).toBe(405)
    await world.settings({ requesterSignIn: false })
    expect((await open(value.code)).status).toBe(404)
  })
})

describe('own tickets only', () => {
  it('by number, by id, in lists and by what is on them; a code of a link grants nothing', async () => {
    const page = browser(world.app.url)
    await page.signIn(world.ada.id)
    const ticket = encodeGlobalId('Ticket', world.bob.ticketId)
    const { data } = await page.ask(
      `query ($own: Int!, $number: Int!, $ticket: ID!) {
        own: ticket(number: $own) { subject comments(first: 5) { nodes { body } } }
        ticket(number: $number) { subject } node(id: $ticket) { id }
        tickets(first: 10) { totalCount nodes { number } } }`,
      { own: world.ada.number, number: world.bob.number, ticket },
    )
    expect(data).toMatchObject({
      own: { comments: { nodes: [{ body: '@acme it is ada with a question' }] } },
      ticket: null,
      node: null,
      tickets: { totalCount: 1, nodes: [{ number: world.ada.number }] },
    })
    const add = `mutation ($input: AddCommentInput!) { addComment(input: $input) { comment { id } userErrors { code } } }`
    expect((await page.ask(add, { input: { ticketId: ticket, body: 'let me in' } })).data).toEqual({
      addComment: { comment: null, userErrors: [{ code: 'NOT_FOUND' }] },
    })
  })

  it('also of what is told live, over SSE by the cookie', async () => {
    const page = browser(world.app.url)
    await page.signIn(world.ada.id)
    const leaving = new AbortController()
    const stream = await page.open('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', origin: world.app.url, ...OWN_PAGE },
      body: JSON.stringify({ query: 'subscription { ticketEvents { type ticket { number } comment { body } } }' }),
      signal: leaving.signal,
    })
    expect(stream.status).toBe(200)
    for (const { id, username } of [world.bob, world.ada]) {
      const post = world.x.simulator.createPost({ from: id, text: `@acme ${username} again` })
      expect(post).toBeDefined()
    }
    let text = ''
    const decoder = new TextDecoder()
    for await (const chunk of stream.body ?? []) {
      text += decoder.decode(chunk, { stream: true })
      if (text.includes('ada again')) break
    }
    leaving.abort()
    expect(text).not.toContain('bob')
    expect(text).toContain(`"number":`)
  })
})
