import { expect, it } from 'vitest'
import { postIdOf } from '../../src/domain/post-link.ts'

it.each([
  ['2006000000000000000', '2006000000000000000'],
  [' 20 ', '20'],
  ['0020', '20'],
  ['https://x.com/acme/status/20', '20'],
  ['https://x.com/acme/status/20?s=20&t=abc', '20'],
  ['https://x.com/acme/status/20/photo/1', '20'],
  ['https://www.twitter.com/acme/statuses/20/', '20'],
  ['http://mobile.twitter.com/acme/status/20#top', '20'],
  ['https://x.com/i/web/status/20', '20'],
  ['https://x.com/i/status/20', '20'],
  ['x.com/acme/status/20', '20'],
  ['HTTPS://X.COM/acme/status/20', '20'],
])('%j names the post %s', (text, id) => {
  expect(postIdOf(text)).toBe(id)
})

it.each([
  '',
  '0',
  '-1',
  '1e3',
  '20060000000000000000',
  'acme',
  'https://x.com/acme',
  'https://x.com/acme/status/',
  'https://x.com/acme/status/20x',
  'https://x.com.example.org/acme/status/20',
  'https://notx.com/acme/status/20',
  'javascript://x.com/acme/status/20',
  'https://example.org/?https://x.com/acme/status/20',
])('%j names none', (text) => {
  expect(postIdOf(text)).toBeUndefined()
})
