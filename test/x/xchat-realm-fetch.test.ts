import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { realmFetch } from '../../src/x/xchat/realm-fetch.ts'

const ending: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

/** A realm at /v1/ that answers so, and how often it was asked. */
async function realm(answer: RequestListener) {
  let asked = 0
  const server = createServer((request, response) => {
    asked++
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ending.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/`, asked: () => asked }
}

test('a realm is asked below its address, and nothing else is', async () => {
  const { address, asked } = await realm((_, response) => response.writeHead(426, { 'x-of': 'realm' }).end('later'))
  const fetch = realmFetch([address], 5_000, globalThis.fetch)
  const answer = await fetch(new Request(`${address}req`, { method: 'POST', body: 'guess' }))
  expect([answer.status, answer.headers.get('x-of'), await answer.text()]).toEqual([426, 'realm', 'later'])
  for (const other of [`${new URL(address).origin}/v2/req`, 'https://realm.example/v1/req']) {
    await expect(fetch(other)).rejects.toThrow('not an address of a realm')
  }
  expect(asked()).toBe(1)
})

test('a realm that was silent once is not asked again', async () => {
  const { address, asked } = await realm(() => {})
  const fetch = realmFetch([address], 100, globalThis.fetch)
  await expect(fetch(`${address}req`)).rejects.toMatchObject({ name: 'TimeoutError' })
  await expect(fetch(`${address}req`)).rejects.toThrow('does not answer')
  expect(asked()).toBe(1)
})

test('an answer that never ends is silence, too', async () => {
  const { address } = await realm((_, response) => response.write('and'))
  const fetch = realmFetch([address], 200, globalThis.fetch)
  await expect(fetch(`${address}req`)).rejects.toMatchObject({ name: 'TimeoutError' })
})

test('redirects and answers beyond all measure are errors', async () => {
  const elsewhere = await realm((_, response) => response.end('caught'))
  const redirecting = await realm((_, response) =>
    response.writeHead(307, { location: `${elsewhere.address}req` }).end(),
  )
  const endless = await realm((_, response) => response.end(Buffer.alloc(1_000_000)))
  const fetch = realmFetch([redirecting.address, endless.address, elsewhere.address], 5_000, globalThis.fetch)
  await expect(fetch(`${redirecting.address}req`)).rejects.toThrow()
  expect(elsewhere.asked()).toBe(0)
  await expect(fetch(`${endless.address}req`)).rejects.toThrow('too long')
})
