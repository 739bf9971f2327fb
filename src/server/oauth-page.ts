import type { ServerResponse } from 'node:http'

/** What a person sees at the end of an authorization. */
export interface OAuthPage {
  readonly status: number
  readonly title: string
  readonly text: string
  readonly good?: boolean
}

const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** Shows the page: no scripts, no cache, and nothing in it that was not escaped. */
export function showPage(response: ServerResponse, { status, title, text, good = false }: OAuthPage): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  })
  response.end(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · Perch</title>
<style>
  :root { color-scheme: light dark; }
  body { margin: 0; background: light-dark(#f2f4f6, #16191c); color: light-dark(#16191c, #eef1f4);
    font: 16px/1.5 system-ui, sans-serif; }
  main { max-width: 28rem; margin: 12vh auto; padding: 2rem; background: light-dark(#fff, #22272b); border-radius: 1rem;
    border-top: .4rem solid ${good ? '#1a7f4b' : '#b3541e'}; box-shadow: 0 1px 4px #0003; }
  h1 { font-size: 1.3rem; line-height: 1.3; margin: 0 0 .75rem; }
  p { margin: 0; }
</style>
</head>
<body><main><h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p></main></body>
</html>
`)
}
