import { serverAudits } from 'graphql-http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from './support.ts'

let server: TestServer
const audits = serverAudits({ url: () => server.graphql })

beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

describe('GraphQL over HTTP, as graphql-http audits it', () => {
  test('there are all 61 audits', () => expect(audits).toHaveLength(61))
  test.each(audits.map((audit) => [`${audit.id} ${audit.name}`, audit] as const))('%s', async (_, audit) => {
    expect(await audit.fn()).toMatchObject({ status: 'ok' })
  })
})
