import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { StartupError } from '../../src/store/startup-error.ts'
import { codes, collect, rawSocket, serverSent, startTestServer } from './support.ts'

describe('starting', () => {
  test('on a port in use says so in one sentence', async () => {
    const first = await startTestServer()
    const second = startTestServer({ port: first.port })
    await expect(second).rejects.toThrow(StartupError)
    await expect(second).rejects.toThrow(`Port ${first.port} on 127.0.0.1 is in use already`)
    await first.close()
  })

  test('on an address that this machine does not have says so', async () => {
    await expect(startTestServer({ host: '203.0.113.1' })).rejects.toThrow(StartupError)
  })

  test('on IPv6 gives a usable URL', async () => {
    const server = await startTestServer({ host: '::1' })
    expect((await fetch(`${server.url}/health/live`)).status).toBe(200)
    await server.close()
  })
})

describe('closing', () => {
  test('ends what runs, in a way that clients resume, within two seconds', async () => {
    const server = await startTestServer()
    const raw = await rawSocket(server, { authorization: server.bearer })
    const silent = await rawSocket(server, { authorization: server.bearer })
    for (const { say } of [raw, silent]) {
      say({ id: '1', type: 'subscribe', payload: { query: 'subscription { count }' } })
      say({ id: '2', type: 'subscribe', payload: { query: 'subscription { deaf }' } })
    }
    await raw.until(({ type }) => type === 'next')
    await silent.until(({ type }) => type === 'next')
    silent.socket.pause()
    const stream = await server.post({ query: 'subscription { count }' }, { accept: 'text/event-stream' })
    const streamed = (async () => {
      const events = []
      for await (const event of serverSent(stream)) events.push(event)
      return events
    })()
    const idle = connect(server.port, '127.0.0.1')
    await once(idle, 'connect')
    const idleClosed = once(idle, 'close')
    const finishing = server.post({ query: '{ pause(ms: 400) }' })
    const endless = server.post({ query: '{ wait }' })
    await new Promise((resolve) => setTimeout(resolve, 50))

    const started = performance.now()
    const closed = server.close()
    expect(server.close()).toBe(closed)
    expect(await raw.closed).toMatchObject({ code: 1001 })
    expect(performance.now() - started).toBeLessThan(500)
    expect(raw.messages.some(({ type }) => type === 'complete' || type === 'error')).toBe(false)
    const events = await streamed
    expect(events.at(-1)?.event).toBe('complete')
    expect(codes(JSON.parse(events.at(-2)?.data ?? '{}').errors)).toEqual(['UNAVAILABLE'])
    expect(await (await finishing).json()).toEqual({ data: { pause: 'done' } })
    expect(await (await endless).json()).toMatchObject({ errors: [{ extensions: { code: 'UNAVAILABLE' } }] })
    await closed
    expect(performance.now() - started).toBeLessThan(2_000)
    await idleClosed
    expect(server.seen.released).toBe(5)
    await expect(fetch(server.url)).rejects.toThrow()
  })

  test('waits for what finishes soon, and not a moment longer', async () => {
    const server = await startTestServer()
    const finishing = server.post({ query: '{ pause(ms: 300) }' })
    await new Promise((resolve) => setTimeout(resolve, 50))
    const started = performance.now()
    await server.close()
    expect(performance.now() - started).toBeLessThan(900)
    expect((await finishing).status).toBe(200)
  })

  test('takes no time when nothing runs', async () => {
    const server = await startTestServer()
    await server.post({ query: '{ hello }' }).then((response) => response.text())
    const started = performance.now()
    await server.close()
    expect(performance.now() - started).toBeLessThan(500)
  })

  test('a client of graphql-ws that retries goes on at the next server, as after a restart', async () => {
    const first = await startTestServer()
    const client = first.client({
      retryAttempts: 50,
      retryWait: () => new Promise((resolve) => setTimeout(resolve, 20)),
    })
    const iterator = client.iterate({ query: 'subscription { count(everyMs: 20) }' })
    expect((await iterator.next()).value).toEqual({ data: { count: 1 } })
    await first.close()
    const second = await startTestServer({ port: first.port })
    for (;;) {
      const { value, done } = await iterator.next()
      expect(done).toBeFalsy()
      // Counting anew: this is the second server's stream.
      if (value?.data?.count === 1) break
    }
    await client.dispose()
    await second.close()
  })
})

test('many operations come and go without leaving anything behind', async () => {
  const server = await startTestServer()
  const client = server.client()
  await Promise.all(
    Array.from({ length: 60 }, async (_, n) => {
      const { results } = await collect(client, 'subscription { count(everyMs: 1) }', 1 + (n % 3))
      expect(results[0]).toEqual({ data: { count: 1 } })
    }),
  )
  await client.dispose()
  await expect.poll(() => server.seen.released, { timeout: 10_000 }).toBe(60)
  await expect.poll(() => server.metrics.text(), { timeout: 10_000 }).toContain('perch_subscriptions 0')
  await server.close()
})
