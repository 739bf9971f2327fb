import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import WebSocket from 'ws'
import { startSmtp, type TestSmtp } from '../helpers/smtp.ts'
import { codes } from '../server/support.ts'
import { type Browser, browser } from './browser.ts'
import { type RequesterWorld, requesterWorld } from './world.ts'

/** F53 from the page's side: an address counts once the link of the mail to it was followed; what sockets take a cookie from. */

let smtp: TestSmtp
let world: RequesterWorld
let ada: Browser
let bob: Browser
beforeAll(async () => {
  smtp = await startSmtp()
  world = await requesterWorld({ SMTP_URL: smtp.url })
  ada = browser(world.app.url)
  bob = browser(world.app.url)
  await ada.signIn(world.ada.id)
  await bob.signIn(world.bob.id)
})
afterAll(async () => {
  await world?.close()
  await smtp?.close()
})

const VIEWER = 'viewer { email unconfirmedEmail }'
async function give(page: Browser, email: string | null) {
  const text = `mutation ($input: UpdateViewerInput!) { updateViewer(input: $input) { ${VIEWER} userErrors { code } } }`
  return (await page.ask<{ updateViewer: object }>(text, { input: { email } })).data.updateViewer
}
async function confirm(page: Browser, token: string) {
  const text = `mutation ($input: ConfirmEmailInput!) { confirmEmail(input: $input) { ${VIEWER} userErrors { code } } }`
  return (await page.ask<{ confirmEmail: object }>(text, { input: { token } })).data.confirmEmail
}
/** What the link of the `nth` mail to this address carries. */
async function tokenTo(email: string, nth = 1): Promise<string> {
  const toThem = () => smtp.mails.filter(({ to }) => to && !Array.isArray(to) && to.text === email)
  await expect.poll(() => toThem().length, { timeout: 10_000 }).toBe(nth)
  const [link = '', token = ''] = /http\S+\/requester\/confirm-email#(\S+)/.exec(toThem().at(-1)?.text ?? '') ?? []
  expect(link).toContain(world.app.url)
  return token
}
const INVALID = { userErrors: [{ code: 'EMAIL_LINK_INVALID' }] }

describe('an e-mail address', () => {
  it('counts once its owner, signed in as whoever gave it, followed the link; once', async () => {
    expect(await give(ada, 'ada@example.org')).toMatchObject({
      viewer: { email: null, unconfirmedEmail: 'ada@example.org' },
    })
    const token = await tokenTo('ada@example.org')
    expect(await confirm(bob, token)).toMatchObject({ viewer: { email: null }, ...INVALID })
    expect(await confirm(ada, token)).toEqual({
      viewer: { email: 'ada@example.org', unconfirmedEmail: null },
      userErrors: [],
    })
    expect(await confirm(ada, token)).toMatchObject(INVALID)
  })

  it('is replaced by a newer one, whose link alone is good', async () => {
    await give(ada, 'one@example.org')
    const one = await tokenTo('one@example.org')
    await give(ada, 'two@example.org')
    const two = await tokenTo('two@example.org')
    expect(await confirm(ada, one)).toMatchObject({ viewer: { email: 'ada@example.org' }, ...INVALID })
    expect(await confirm(ada, two)).toMatchObject({ viewer: { email: 'two@example.org' }, userErrors: [] })
  })

  it('has a day to be confirmed', async () => {
    await give(ada, 'late@example.org')
    const token = await tokenTo('late@example.org')
    await world.app.store.prisma.$executeRaw`UPDATE email_confirmation SET expires_at = now()`
    expect(await confirm(ada, token)).toMatchObject({ viewer: { unconfirmedEmail: null }, ...INVALID })
  })

  it('that is somebody else’s is said to be taken to those only who read its mail', async () => {
    expect(await give(bob, 'TWO@example.org')).toMatchObject({ userErrors: [] })
    const taken = { userErrors: [{ code: 'EMAIL_TAKEN' }] }
    expect(await confirm(bob, await tokenTo('two@example.org', 2))).toMatchObject({ viewer: { email: null }, ...taken })
  })

  it('is confirmed by no other token of ours', async () => {
    const session = bob.jar.get('perch_requester') ?? ''
    for (const token of ['', 'a.b.c', session]) expect(await confirm(bob, token)).toMatchObject(INVALID)
  })

  it('is not written to in jobs or mails’ queues with its link', async () => {
    const jobs = await world.app.store.prisma.$queryRaw<object[]>`SELECT * FROM graphile_worker._private_jobs`
    expect(JSON.stringify(jobs)).not.toContain('confirm-email#')
  })
})

describe('a WebSocket', () => {
  const whoAmI = async (origin: string | undefined) => {
    const headers = {
      cookie: `perch_requester=${ada.jar.get('perch_requester')}`,
      ...(origin !== undefined && { origin }),
    }
    class Socket extends WebSocket {
      constructor(url: string, protocols: string) {
        super(url, protocols, { headers })
      }
    }
    const client = createClient({
      url: `${world.app.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: Socket,
      retryAttempts: 0,
    })
    try {
      const { value } = await client.iterate({ query: '{ viewer { xProfile { username } } }' }).next()
      return value?.data
    } catch (errors) {
      return codes(errors)
    } finally {
      await client.dispose()
    }
  }

  it('takes the cookie from our own page, and is nobody’s from another', async () => {
    expect(await whoAmI(world.app.url)).toEqual({ viewer: { xProfile: { username: 'ada' } } })
    for (const origin of ['https://evil.example', 'null', undefined]) {
      expect(await whoAmI(origin)).toEqual(['UNAUTHENTICATED'])
    }
  })
})

describe('the page’s files', () => {
  it('are served under a policy that lets nothing else in, and nothing beside them is', async () => {
    const page = await ada.open(`/requester/tickets/${world.ada.number}`)
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    expect(page.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self'/,
    )
    const html = await page.text()
    expect(html).not.toMatch(/<script(?![^>]* src=)|<style| style=| on\w+=/)
    for (const [, path = ''] of html.matchAll(/(?:href|src)="(\/requester\/assets\/[^"]+)"/g)) {
      const asset = await ada.open(path)
      expect([path, asset.status]).toEqual([path, 200])
      const again = await ada.open(path, { headers: { 'if-none-match': asset.headers.get('etag') ?? '' } })
      expect(again.status).toBe(304)
    }
    for (const path of [
      'assets/',
      'assets/../page.html',
      'assets/%2e%2e/package.json',
      'tickets/0',
      'tickets/x',
      'other',
    ]) {
      expect((await ada.open(`/requester/${path}`)).status).toBe(404)
    }
    expect((await ada.open('/requester/', { method: 'POST' })).status).toBe(405)
  })

  it('are all there that they import', async () => {
    const seen = new Set<string>()
    const visit = async (name: string): Promise<void> => {
      if (seen.has(name)) return
      seen.add(name)
      const file = await ada.open(`/requester/assets/${name}`)
      expect([name, file.status]).toEqual([name, 200])
      for (const [, next = ''] of (await file.text()).matchAll(/from '\.\/([^']+)'/g)) await visit(next)
    }
    await visit('page.js')
    expect(seen.size).toBeGreaterThan(2)
  })
})
