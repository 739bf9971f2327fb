import type { App } from '../app.ts'

/** What a newcomer reads first: where to go, with which token, and what stands in for the real thing. */
export function banner(app: App, tokens: { admin: string; agent: string }): string {
  const { embedded } = app
  const parts = [
    ['PostgreSQL', embedded.postgres ? `embedded, in ${embedded.postgres}` : 'DATABASE_URL', 'DATABASE_URL'],
    ['Redis', embedded.bus ? 'not used: events stay in this process' : 'REDIS_URL', 'REDIS_URL'],
    ['X', embedded.x ? `simulated at ${embedded.x.origin}` : 'connected', 'X_CLIENT_ID, X_BEARER_TOKEN'],
  ] as const
  const lines = [
    '',
    `  Perch is running.   GraphiQL:  ${app.url}/graphql${embedded.postgres ? '   (the token is filled in)' : ''}`,
    '',
    `  Administrator's token:  ${tokens.admin}`,
    '',
    `  Agent's token:          ${tokens.agent}`,
    '',
    ...parts.map(([name, state, setting]) => {
      const inside = state !== setting && state !== 'connected'
      return `  ${name.padEnd(11)} ${state}${inside ? `   (yours: set ${setting})` : ''}`
    }),
    '',
    ...(embedded.x ? ['  Simulated customers mention the brand @acme. New tickets, as they arrive:', ''] : []),
  ]
  return `${lines.join('\n')}\n`
}
