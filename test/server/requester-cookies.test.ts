import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { createRequesterCookies } from '../../src/server/requester-cookies.ts'

const HTTPS = createRequesterCookies(() => 'https://support.example/below')
const HTTP = createRequesterCookies(() => 'http://127.0.0.1:4000')
const request = (headers: Record<string, string>) => ({ headers }) as unknown as IncomingMessage
const PAGE = { 'x-perch-page': 'requester' }

describe('cookies', () => {
  it('over https are Secure, and no other host can set them', () => {
    const lines = [HTTPS.signedIn('a.b.c', 60), HTTPS.signedOut(), HTTPS.leaving('state', 60), HTTPS.back()]
    for (const line of lines) {
      expect(line).toMatch(/^__Host-perch_\w+=[\w.]*; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax; Secure$/)
    }
    expect(HTTP.signedIn('a.b.c', 60)).toBe('perch_requester=a.b.c; Path=/; Max-Age=60; HttpOnly; SameSite=Lax')
  })

  it.each([
    ['perch_requester=t', 'Session t'],
    ['a=b; perch_requester=t;c=d', 'Session t'],
    ['perch_requester=t; perch_requester=u', 'Session t'],
    ['perch_requester=', undefined],
    ['perch_requester', undefined],
    ['xperch_requester=t', undefined],
    ['__Host-perch_requester=t', undefined],
    ['=; ;;=x', undefined],
  ])('%j says %s', (cookie, credential) => {
    expect(HTTP.credentialOf(request({ cookie, ...PAGE }), 'http')).toBe(credential)
  })

  it('of plain http say nothing over https', () => {
    expect(HTTPS.credentialOf(request({ cookie: 'perch_requester=t', ...PAGE }), 'http')).toBeUndefined()
  })

  it('count for the public address, whatever path is below it', () => {
    const cookie = '__Host-perch_requester=t'
    const from = (origin: string) => () => HTTPS.credentialOf(request({ cookie, origin, ...PAGE }), 'http')
    expect(from('https://support.example')()).toBe('Session t')
    for (const origin of ['http://support.example', 'https://support.example:8443', 'https://evil.example', 'null']) {
      expect(from(origin)).toThrow('own pages')
      expect(HTTPS.credentialOf(request({ cookie, origin }), 'ws')).toBeUndefined()
    }
  })

  it('are not looked at beside a token', () => {
    const headers = { cookie: 'perch_requester=t', authorization: 'Bearer x', origin: 'https://evil.example' }
    for (const door of ['http', 'ws'] as const) expect(HTTP.credentialOf(request(headers), door)).toBe('Bearer x')
  })
})
