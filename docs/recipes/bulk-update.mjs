// Solves what an outage brought, and watches until all is done.
import { GraphQLClient } from 'graphql-request'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'

const url = process.env.PERCH_GRAPHQL_URL ?? 'http://127.0.0.1:4000/graphql'
const authorization = `Bearer ${process.env.PERCH_TOKEN}`
const perch = new GraphQLClient(url, { headers: { authorization } })

const { begun } = await perch.request(
  `mutation ($input: BulkUpdateTicketsInput!) {
    begun: bulkUpdateTickets(input: $input) { position job { id status } userErrors { message } }
  }`,
  {
    input: {
      filter: { channels: ['X_CORP'], statuses: ['OPEN'], tags: { allOf: ['outage'] } },
      patch: { status: 'SOLVED', addTags: ['resolved'] },
      idempotencyKey: 'outage-2026-11-23', // run it again, and it still begins once
    },
  },
)
if (!begun.job) throw new Error(begun.userErrors.map(({ message }) => message).join(' '))

const socket = createClient({
  url: url.replace(/^http/, 'ws'),
  webSocketImpl: WebSocket,
  connectionParams: { authorization },
  retryAttempts: Number.POSITIVE_INFINITY,
  shouldRetry: () => true,
})
const isOver = (status) => status !== 'QUEUED' && status !== 'WORKING'
// graphql-ws sends this object again after a reconnect: keep the last position in it.
const variables = { id: begun.job.id, after: begun.position }
const query = `subscription ($id: ID!, $after: Position) {
  bulkUpdateProgress(jobId: $id, after: $after) { position status done total failed }
}`
if (!isOver(begun.job.status)) {
  for await (const { data, errors } of socket.iterate({ query, variables })) {
    if (!data) throw new Error(errors[0].message)
    const { position, status, done, total, failed } = data.bulkUpdateProgress
    variables.after = position
    console.log(`${done} of ${total}, ${failed} left alone: ${status}`)
    if (isOver(status)) break
  }
}
await socket.dispose()
