import { describe, expect, it } from 'vitest'
import { clientAddressOf } from '../../src/server/client-address.ts'
import { createRateLimit } from '../../src/server/rate-limit.ts'

it.each([
  ['192.0.2.1', undefined, 0, '192.0.2.1'],
  ['::ffff:192.0.2.1', undefined, 0, '192.0.2.1'],
  ['2001:DB8:1:2:3:4:5:6', undefined, 0, '2001:db8:1:2'],
  ['2001:db8::7', undefined, 0, '2001:db8:0:0'],
  ['2001:db8:1:2:3::', undefined, 0, '2001:db8:1:2'],
  ['::1', undefined, 0, '0:0:0:0'],
  // Nobody is believed unless told so, and then nobody further away than our own proxies.
  ['10.0.0.1', '192.0.2.9', 0, '10.0.0.1'],
  ['10.0.0.1', '192.0.2.66, 192.0.2.9', 1, '192.0.2.9'],
  ['10.0.0.1', '192.0.2.66, 192.0.2.9, 10.0.0.2', 2, '192.0.2.9'],
  ['10.0.0.1', '192.0.2.9,2001:db8::7', 1, '2001:db8:0:0'],
  // Some proxies note the port, too: another connection is nobody else.
  ['10.0.0.1', '192.0.2.9:51234', 1, '192.0.2.9'],
  ['10.0.0.1', '[2001:db8::7]:443', 1, '2001:db8:0:0'],
  ['10.0.0.1', '[2001:db8::7]', 1, '2001:db8:0:0'],
  ['10.0.0.1', undefined, 1, '10.0.0.1'],
  ['10.0.0.1', ' , ', 1, '10.0.0.1'],
  ['10.0.0.1', '192.0.2.9', 3, '192.0.2.9'],
  ['10.0.0.1', 'x'.repeat(5_000), 1, 'x'.repeat(64)],
] as const)('a request from %s, forwarded for %s behind %d proxies, is counted as of %s', (from, by, proxies, of) => {
  const headers = by === undefined ? {} : { 'x-forwarded-for': by }
  expect(clientAddressOf({ headers, socket: { remoteAddress: from } }, proxies)).toBe(of)
})

describe('a rate limit', () => {
  it('lets each key in so often within its time, and says when there is room again', () => {
    let now = 1_000
    const limit = createRateLimit(2, 60_000, () => now)
    const taken = () => [limit.take('a'), limit.take('a'), limit.take('a')]
    expect(taken()).toEqual([0, 0, 60])
    now += 58_500
    expect([limit.take('a'), limit.take('b')]).toEqual([2, 0])
    now += 1_500
    expect(taken()).toEqual([0, 0, 60])
  })

  it('forgets the keys of whom it has not heard for longest, rather than to grow', () => {
    const limit = createRateLimit(1, 60_000)
    expect([limit.take('first'), limit.take('first') > 0]).toEqual([0, true])
    for (let n = 0; n < 10_000; n++) limit.take(`key ${n}`)
    expect(limit.take('first')).toBe(0)
  })
})
