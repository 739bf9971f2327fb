import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { pathOf } from './router.ts'

/** Everything comes from here, and nothing is inline: text that somebody wrote can never become a script. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const FILES = {
  'page.html': 'text/html; charset=utf-8',
  'icon.svg': 'image/svg+xml',
  'page.css': 'text/css; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
  'api.js': 'text/javascript; charset=utf-8',
  'views.js': 'text/javascript; charset=utf-8',
  'dom.js': 'text/javascript; charset=utf-8',
} as const
type FileName = keyof typeof FILES

/** The paths that the page shows something at. */
const PAGES = /^\/requester\/(?:tickets\/[1-9][0-9]{0,9}|profile|confirm-email)?$/
const ASSETS = '/requester/assets/'

/** Reads the files of the requester's page once, and answers with them. False: there is none at the request's path. */
export async function loadRequesterFiles(
  folder: string,
): Promise<(request: IncomingMessage, response: ServerResponse) => boolean> {
  const names = Object.keys(FILES) as FileName[]
  const loaded = await Promise.all(
    names.map(async (name) => {
      const body = await readFile(join(folder, name))
      const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
      return [name, { body, etag, type: FILES[name] }] as const
    }),
  )
  const files = new Map<string, (typeof loaded)[number][1]>(loaded)
  return (request, response) => {
    const path = pathOf(request)
    const file = files.get(PAGES.test(path) ? 'page.html' : path.startsWith(ASSETS) ? path.slice(ASSETS.length) : '')
    if (!file) return false
    const headers = { etag: file.etag, 'cache-control': 'no-cache', 'content-security-policy': POLICY }
    if (request.headers['if-none-match'] === file.etag) {
      response.writeHead(304, headers).end()
      return true
    }
    response.writeHead(200, { ...headers, 'content-type': file.type, 'content-length': file.body.length })
    response.end(request.method === 'HEAD' ? undefined : file.body)
    return true
  }
}
