import type { Handler } from './router.ts'

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Perch</title>
<h1>Perch</h1>
<p>The GraphQL API is at <code>/graphql</code> (POST, GET, server-sent events, and graphql-transport-ws).
Health is at <a href="/health/ready">/health/ready</a>, metrics are at <a href="/metrics">/metrics</a>.</p>
</html>
`

/** What a browser sees at `/`: GraphiQL in development, else where things are. */
export function landing(graphiql: boolean): Handler {
  return (_request, response) => {
    if (graphiql) response.writeHead(302, { location: '/graphql' }).end()
    else response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(PAGE)
  }
}
