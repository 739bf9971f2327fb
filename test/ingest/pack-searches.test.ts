import { describe, expect, it } from 'vitest'
import { packSearches } from '../../src/ingest/sources/pack-searches.ts'

const ACCOUNT = '1000000000000000000'
const id = (n: number) => String(2_000_000_000_000_000_000n + BigInt(n))
const conversation = (n: number, people: readonly string[], sinceId: string | null = '5') => ({
  id: id(n),
  people,
  sinceId,
})
const many = (count: number, people: (n: number) => readonly string[]) =>
  Array.from({ length: count }, (_, n) => conversation(n, people(n)))

describe('conversations are packed into searches', () => {
  it('that show what requesters and the account say there, and nobody else', () => {
    expect(packSearches([conversation(1, ['7']), conversation(2, ['7', '8'])], ACCOUNT, 4)).toEqual([
      {
        query: `(conversation_id:${id(1)} OR conversation_id:${id(2)}) (from:${ACCOUNT} OR from:7 OR from:8)`,
        conversationIds: [id(1), id(2)],
        sinceIds: ['5', '5'],
      },
    ])
  })

  it('that show all of a conversation in which many have tickets', () => {
    const crowd = Array.from({ length: 13 }, (_, n) => id(n))
    expect(
      packSearches([conversation(1, crowd), conversation(2, ['7'])], ACCOUNT, 4).map(({ query }) => query),
    ).toEqual([`conversation_id:${id(1)}`, `(conversation_id:${id(2)}) (from:${ACCOUNT} OR from:7)`])
    expect(packSearches([conversation(1, crowd.slice(1))], ACCOUNT, 4)[0]?.query).toContain('from:')
  })

  it('those never read apart from those that were', () => {
    const packed = packSearches(
      [conversation(1, ['7']), conversation(2, ['7'], null), conversation(3, ['7'])],
      ACCOUNT,
      4,
    )
    expect(packed.map(({ conversationIds }) => conversationIds)).toEqual([[id(1), id(3)], [id(2)]])
  })

  it.each([1, 2, 5, 12])('no longer than X takes, the first ones first, with %i people each', (people) => {
    const all = many(60, (n) => Array.from({ length: people }, (_, m) => id(1_000 + n * 100 + m)))
    const packed = packSearches(all, ACCOUNT, 4)
    expect(packed).toHaveLength(4)
    expect(Math.max(...packed.map(({ query }) => query.length))).toBeLessThanOrEqual(512)
    const taken = packed.flatMap(({ conversationIds }) => conversationIds)
    expect(taken).toEqual(all.slice(0, taken.length).map((each) => each.id))
    expect(taken.length).toBeGreaterThanOrEqual(people === 1 ? 28 : 4)
  })
})
