import type { App } from '../core/settings.ts'
import type { XUser } from '../world/model.ts'
import { SCOPES } from './scopes.ts'

const escapeHtml = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

const page = (title: string, content: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>
  body { margin: 0; background: #f2f4f6; color: #16191c; font: 16px/1.5 system-ui, sans-serif; }
  main { max-width: 26rem; margin: 8vh auto; padding: 2rem; background: #fff; border-radius: 1rem;
    box-shadow: 0 1px 4px #0002; }
  h1 { font-size: 1.35rem; line-height: 1.3; margin: 0 0 1rem; }
  ul { padding-left: 1.2rem; margin: .25rem 0 1.25rem; }
  label, select, button { display: block; width: 100%; box-sizing: border-box; font: inherit; }
  select { margin: .25rem 0 1.25rem; padding: .5rem; border: 1px solid #b7bfc6; border-radius: .5rem; background: #fff; }
  button { padding: .65rem; border: 1px solid #16191c; border-radius: 2rem; cursor: pointer; background: #fff; }
  button[value=authorize] { background: #16191c; color: #fff; margin-bottom: .5rem; }
  .note { color: #59636b; font-size: .85rem; margin: 1.25rem 0 0; }
</style>
</head>
<body><main>${content}</main></body>
</html>`

/** The page on which a person lets an app in: who, which app, what it may do, and two buttons. */
export function consentPage(
  app: App,
  scopes: readonly string[],
  users: readonly XUser[],
  hidden: Readonly<Record<string, string>>,
): string {
  const fields = Object.entries(hidden).map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  )
  const options = users.map(
    ({ id, name, username }) =>
      `<option value="${escapeHtml(id)}">${escapeHtml(name)} (@${escapeHtml(username)})</option>`,
  )
  return page(
    `${app.name} wants to access an account`,
    `<h1>${escapeHtml(app.name)} wants to access an account</h1>
<form method="post" action="/i/oauth2/authorize">
${fields.join('\n')}
<label for="user">Sign in as</label>
<select id="user" name="user_id">${options.join('')}</select>
<p style="margin:0">This app will be able to:</p>
<ul>${scopes.map((scope) => `<li>${escapeHtml(SCOPES[scope] ?? scope)}</li>`).join('')}</ul>
<button name="decision" value="authorize">Authorize app</button>
<button name="decision" value="cancel">Cancel</button>
</form>
<p class="note">This is the X simulator. No password is asked for, and nothing here reaches X.</p>`,
  )
}

/** What a person sees when an authorize link is wrong: X does not send them back to an address it cannot trust. */
export const brokenLinkPage = (reason: string): string =>
  page(
    'Something went wrong',
    `<h1>Something went wrong</h1><p>You were not able to give access to the app: ${escapeHtml(reason)}.</p>
<p class="note">This is the X simulator. Go back and try the link again.</p>`,
  )
