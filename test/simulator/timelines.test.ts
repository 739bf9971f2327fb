import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BRAND, DEFAULT_APP } from '../../simulator/index.ts'
import { call, type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'

let now: Date
let x: ValidatedSimulator
beforeEach(async () => {
  now = new Date('2026-11-23T10:00:00Z')
  x = await validatedSimulator({ clock: () => now })
  for (const username of ['ann', 'bob']) x.simulator.createUser({ username })
})
afterEach(async () => {
  await x.simulator.close()
  expect(x.violations()).toEqual([])
})

const token = DEFAULT_APP.bearerToken
const say = (from: string, text: string, inReplyTo?: string) =>
  x.simulator.createPost({ from, text, ...(inReplyTo !== undefined && { inReplyTo }) }).id
const read = (path: string, query: Record<string, string>) =>
  call(x.simulator, 'GET', `${path}?${new URLSearchParams(query)}`, { token })
const MENTIONS = `/2/users/${BRAND.id}/mentions`
const SEARCH = '/2/tweets/search/recent'
const idsOf = (body: Record<string, unknown>) => ((body['data'] ?? []) as { id: string }[]).map(({ id }) => id)
const metaOf = (body: Record<string, unknown>) => body['meta'] as Record<string, string | number | undefined>

/** Turns the pages to the end. */
async function all(
  path: string,
  query: Record<string, string>,
  between: () => void = () => undefined,
): Promise<string[]> {
  const ids: string[] = []
  for (let next: string | undefined = ''; next !== undefined; ) {
    const { status, body } = await read(path, { ...query, ...(next !== '' && { pagination_token: next }) })
    expect(status).toBe(200)
    const page = idsOf(body)
    const meta = metaOf(body)
    expect(page.length).toBeLessThanOrEqual(Number(query['max_results']))
    expect(meta['result_count']).toBe(page.length)
    // A next_token promises that there is more.
    if (next !== '') expect(page).not.toEqual([])
    if (page.length > 0) expect([meta['newest_id'], meta['oldest_id']]).toEqual([page[0], page.at(-1)])
    ids.push(...page)
    next = meta['next_token'] === undefined ? undefined : String(meta['next_token'])
    between()
  }
  return ids
}

describe('mentions', () => {
  test('are typed names and the auto-mentions of replies, newest first, without our own', async () => {
    const typed = say('ann', 'Hello @acme')
    const ours = say('acme', 'Hello, we are @acme', typed)
    const direct = say('ann', 'Thanks', ours)
    const deep = say('bob', 'Same here', direct)
    say('ann', 'Nothing to do with it')
    const { body } = await read(MENTIONS, {})
    expect(idsOf(body)).toEqual([deep, direct, typed])
  })

  test('an empty timeline has a count and no data', async () => {
    expect((await read(MENTIONS, {})).body).toEqual({ meta: { result_count: 0 } })
  })

  test('any posts, any page size, any since_id: exactly the newer ones, newest first, each once', async () => {
    x.simulator.setRateLimit({ endpoint: 'GET /2/users/:id/mentions', app: 100_000 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ mine: fc.boolean(), pauseMs: fc.nat(3) }), { maxLength: 40 }),
        fc.integer({ min: 5, max: 100 }),
        fc.nat(),
        fc.boolean(),
        async (posts, size, place, more) => {
          const before = say('ann', '@acme before')
          const made = posts.map(({ mine, pauseMs }, index) => {
            now = new Date(now.getTime() + pauseMs)
            return { mine, id: say('bob', mine ? `@acme ${index}` : `nobody ${index}`) }
          })
          const sinceId = place % 2 === 0 ? before : (made[place % (made.length || 1)]?.id ?? before)
          const late: string[] = []
          // Posts that arrive while the pages are turned must neither appear twice nor push others out.
          const between = () => {
            if (more && late.length < 3) late.push(say('ann', `@acme late ${late.length}`))
          }
          const got = await all(MENTIONS, { since_id: sinceId, max_results: String(size) }, between)
          const expected = made.filter(({ mine, id }) => mine && BigInt(id) > BigInt(sinceId)).map(({ id }) => id)
          expect(got).toEqual(expected.toReversed())
        },
      ),
      { numRuns: 40 },
    )
  })

  test('until_id, start_time and end_time bound a page', async () => {
    const ids = Array.from({ length: 6 }, (_, index) => {
      now = new Date(Date.UTC(2026, 10, 23, 10, index))
      return say('ann', `@acme ${index}`)
    })
    const untilId = ids[3] ?? ''
    expect(idsOf((await read(MENTIONS, { until_id: untilId })).body)).toEqual(ids.slice(0, 3).toReversed())
    const times = { start_time: '2026-11-23T10:02:00Z', end_time: '2026-11-23T10:04:00Z' }
    expect(idsOf((await read(MENTIONS, times)).body)).toEqual(ids.slice(2, 4).toReversed())
  })

  test('previous_token goes back to the newer page', async () => {
    const ids = Array.from({ length: 12 }, (_, index) => say('ann', `@acme ${index}`)).toReversed()
    const first = (await read(MENTIONS, { max_results: '5' })).body
    expect(metaOf(first)['previous_token']).toBeUndefined()
    const second = (await read(MENTIONS, { max_results: '5', pagination_token: String(metaOf(first)['next_token']) }))
      .body
    expect(idsOf(second)).toEqual(ids.slice(5, 10))
    const token = String(metaOf(second)['previous_token'])
    expect(idsOf((await read(MENTIONS, { max_results: '5', pagination_token: token })).body)).toEqual(ids.slice(0, 5))
  })

  test('backdated posts take their place in time', async () => {
    const late = say('ann', '@acme now')
    const early = x.simulator.createPost({ from: 'bob', text: '@acme then', at: '2026-11-20T10:00:00Z' }).id
    expect(idsOf((await read(MENTIONS, {})).body)).toEqual([late, early])
    expect(idsOf((await read(MENTIONS, { since_id: early })).body)).toEqual([late])
  })

  test.each([
    [{ max_results: '4' }, 'max_results'],
    [{ max_results: '101' }, 'max_results'],
    [{ since_id: 'abc' }, 'since_id'],
    [{ pagination_token: 'zzz' }, 'pagination_token'],
    [{ start_time: 'yesterday' }, 'start_time'],
    [{ 'tweet.fields': 'mood' }, 'tweet.fields'],
  ])('%j is 400', async (query: Record<string, string>, parameter) => {
    const { status, body } = await read(MENTIONS, query)
    expect(status).toBe(400)
    expect(body['errors']).toMatchObject([{ parameters: { [parameter]: expect.any(Array) } }])
  })

  test('of nobody are 404', async () => {
    expect((await read('/2/users/42/mentions', {})).status).toBe(404)
  })
})

describe('recent search', () => {
  const found = async (query: string, further: Record<string, string> = {}) =>
    idsOf((await read(SEARCH, { query, ...further })).body)

  test('finds a conversation, deep replies included', async () => {
    const root = say('ann', 'Hello @acme')
    const reply = say('acme', 'Hello', root)
    const deep = say('bob', 'Me too', reply)
    say('bob', 'Elsewhere')
    expect(await found(`conversation_id:${root}`)).toEqual([deep, reply, root])
    expect(await found(`conversation_id:${root} -from:acme`)).toEqual([deep, root])
    expect(await found(`conversation_id:${root} since`, { since_id: root })).toEqual([])
    expect(await found(`conversation_id:${root}`, { since_id: root })).toEqual([deep, reply])
  })

  test('speaks enough of the grammar', async () => {
    const a = say('ann', 'The blue kettle leaks, @acme')
    const b = say('bob', 'A red kettle is fine')
    const c = say('acme', 'Sorry about the kettle', a)
    const d = say('bob', 'No lamps here #sad', c)
    expect(await found('kettle')).toEqual([c, b, a])
    expect(await found('"red kettle" OR "blue kettle"')).toEqual([b, a])
    expect(await found('from:bob OR from:ann')).toEqual([d, b, a])
    expect(await found('(from:bob OR from:ann) kettle -red')).toEqual([a])
    expect(await found('from:ann kettle OR from:bob lamps')).toEqual([d, a])
    expect(await found('@acme')).toEqual([d, a])
    expect(await found('to:acme')).toEqual([d])
    expect(await found('-(kettle OR lamps) from:bob')).toEqual([])
    expect(await found('kettle is:reply')).toEqual([c])
    expect(await found('#sad')).toEqual([d])
    expect(await found('kettles')).toEqual([])
  })

  test('turns pages by next_token', async () => {
    const ids = Array.from({ length: 25 }, (_, index) => say('ann', `kettle ${index}`)).toReversed()
    expect(await all(SEARCH, { query: 'kettle', max_results: '10' })).toEqual(ids)
  })

  test.each([
    ['an open parenthesis', '(a OR b'],
    ['a lonely OR', 'OR a'],
    ['an unknown operator', 'mood:bad'],
    ['nothing', ' '],
    ['more than 512 characters', 'x'.repeat(513)],
  ])('%s is 400', async (_, query) => {
    expect((await read(SEARCH, { query })).status).toBe(400)
  })

  test('sees seven days, and refuses a since_id or start_time before', async () => {
    const old = x.simulator.createPost({ from: 'ann', text: 'kettle', at: '2026-11-16T09:59:59Z' }).id
    const kept = x.simulator.createPost({ from: 'ann', text: 'kettle', at: '2026-11-16T10:00:01Z' }).id
    expect(await found('kettle')).toEqual([kept])
    for (const query of [{ since_id: old }, { start_time: '2026-11-16T09:00:00Z' }]) {
      expect((await read(SEARCH, { query: 'kettle', ...query })).status).toBe(400)
    }
  })

  test('can lag behind as X does', async () => {
    x.simulator.setPolicy({ searchLagSeconds: 30 })
    const id = say('ann', 'kettle')
    expect(await found('kettle')).toEqual([])
    expect(await found('kettle', { since_id: String(BigInt(id) - 1n) })).toEqual([id])
    now = new Date(now.getTime() + 30_001)
    expect(await found('kettle')).toEqual([id])
  })
})
