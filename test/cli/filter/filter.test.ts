import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { buildSchema, type GraphQLEnumType, type GraphQLInputObjectType } from 'graphql'
import { describe, expect, it } from 'vitest'
import { parseFilter } from '../../../cli/filter/compile.ts'
import type { Directory } from '../../../cli/filter/directory.ts'
import { FilterError } from '../../../cli/filter/filter-error.ts'
import { CHANNELS, PRIORITIES, STATUSES } from '../../../cli/filter/ticket-filter.ts'

const directory: Directory = {
  find: ({ kind, text }) =>
    text.startsWith('unknown') ? { wrong: `there is no such ${kind}.` } : { id: `${kind}/${text}` },
}
const read = (source: string, live = false) => parseFilter(source, { live }).toInput(directory)

function refusal(source: string, live = false): FilterError {
  try {
    read(source, live)
  } catch (error) {
    if (error instanceof FilterError) return error
    throw error
  }
  throw new Error(`Accepted: ${source}`)
}

describe('the text form of a filter', () => {
  it.each([
    ['', {}],
    ['  ', {}],
    [
      'channel:X_CORP status:OPEN tag:outage',
      { channels: ['X_CORP'], statuses: ['OPEN'], tags: { allOf: ['outage'] } },
    ],
    ['status:open,Pending priority:high', { statuses: ['OPEN', 'PENDING'], priorities: ['HIGH'] }],
    ['STATUS:OPEN', { statuses: ['OPEN'] }],
    [
      'tag:a tag:"b c" tag:d,e -tag:x -tag:y,z',
      { tags: { allOf: ['a', 'b c'], anyOf: ['d', 'e'], noneOf: ['x', 'y', 'z'] } },
    ],
    ['tag:a:b', { tags: { allOf: ['a:b'] } }],
    ['tag:"a\\"b\\\\c"', { tags: { allOf: ['a"b\\c'] } }],
    ['assignee:none', { unassigned: true }],
    ['assignee:none,me', { unassigned: true, assigneeIds: ['agent/me'] }],
    [
      'account:@acme requester:abc= group:"First line"',
      { accountIds: ['account/@acme'], requesterIds: ['user/abc='], groupIds: ['group/First line'] },
    ],
    [
      'created>2026-11-01 created<2026-11-02',
      { createdAfter: '2026-11-01T00:00:00.000Z', createdBefore: '2026-11-02T00:00:00.000Z' },
    ],
    ['updated>2026-11-01T09:30+01:00', { updatedAfter: '2026-11-01T08:30:00.000Z' }],
    ['updated<2026-11-01t09:30:15.5z', { updatedBefore: '2026-11-01T09:30:15.500Z' }],
    ['deleted:true', { deleted: true }],
    ['refund or "my parcel" -joke', { text: 'refund "or" "my parcel" -joke' }],
    ['parcel -"not this"', { text: 'parcel -"not this"' }],
    ['"one,two" x', { text: '"one,two" x' }],
    ['assignee:None,ME', { unassigned: true, assigneeIds: ['agent/ME'] }],
    ['group:none', { groupIds: ['group/none'] }],
    // Spaces that are none on the keyboard's great key.
    ['-tag:vip\u00a0status:OPEN\u3000tag:b', { tags: { allOf: ['b'], noneOf: ['vip'] }, statuses: ['OPEN'] }],
  ])('%s', (source, input) => {
    expect(read(source)).toEqual(input)
  })

  it.each([
    ['statis:OPEN', 1, 'there is no such field; expected status'],
    ['channel:X_CORP status:OPNE', 23, 'expected NEW, OPEN, PENDING'],
    ['status:OPEN,', 13, 'expected a value'],
    ['status:', 8, 'expected a value'],
    ['status:OPEN status:NEW', 13, 'write status:one,other'],
    ['deleted:true deleted:true', 14, 'a second time.'],
    ['deleted:maybe', 9, 'expected true or false'],
    ['deleted:true,false', 14, 'expected one value'],
    ['-status:OPEN', 1, 'only tags can be excluded'],
    ['status<OPEN', 7, 'expected `:`'],
    ['tag:a,b tag:c,d', 9, 'only one `tag:` can be a list'],
    ['tag:"open', 5, 'this quote is not closed'],
    ['tag:a"b', 6, 'expected a space or the end'],
    ['"a\\b"', 4, 'inside quotes'],
    ['created > 2026-11-01', 9, 'right behind a field'],
    ['created:2026-11-01', 8, 'expected < (before) or > (after)'],
    ['created>2026-02-30', 9, 'expected a date'],
    ['created>=2026-02-01', 9, 'expected a date'],
    ['created>2026-11-01T09:30', 9, 'expected a date'],
    ['created>2026-11-01 created>2026-11-02', 20, 'a second time'],
    ['created>2026-11-01,2026-11-02', 20, 'expected one time'],
    ['a OR b', 3, 'there is no OR'],
    ['refund,return', 1, 'behind a field only'],
    ['status:OPEN -refund -"by now"', 13, 'only be excluded beside others'],
    ['status:OPEN -tag:""', 18, 'this value is empty'],
    ['tag:a,"  "', 7, 'this value is empty'],
    ['constructor:x', 1, 'there is no such field'],
    ['(a b)', 1, 'there are no parentheses'],
    ['a 😀', 3, 'expected a word, with a letter or a digit'],
    ['😀x status:OPNE', 11, 'expected NEW'],
    ['"say \\"hi\\""', 1, 'a quote cannot be searched for'],
    ['http://example.com', 1, 'A word with `:` in it is quoted'],
    ['account:acme,unknown', 14, 'there is no such account'],
    ['assignee:me,none,unknown', 18, 'there is no such agent'],
    [`status:OPEN ${'word '.repeat(60)}`, 13, 'at most 200 characters'],
    [`tag:${'a,'.repeat(100)}a`, 205, 'at most 100 entries'],
    [`${'tag:a '.repeat(101)}`, 601, 'at most 100 tags'],
  ])('refuses %s at column %i', (source, column, message) => {
    const error = refusal(source)
    expect(error.message).toContain(message)
    expect(error.column).toBe(column)
  })

  it('points at what is wrong, under characters of any width and whatever moves the cursor', () => {
    expect(refusal('tag:返品\tstatus:OPNE').message.split('\n').slice(1)).toEqual([
      '  tag:返品 status:OPNE',
      `  ${' '.repeat(16)}^^^^`,
    ])
  })

  it.each([['outage'], ['created>2026-11-01'], ['deleted:true']])('of live events does not take %s', (source) => {
    expect(refusal(`status:OPEN ${source}`, true).column).toBe(13)
    expect(read('status:OPEN tag:a', true)).toEqual({ statuses: ['OPEN'], tags: { allOf: ['a'] } })
  })

  it('names what only the server knows, once it is read', () => {
    expect(parseFilter('account:@acme,x assignee:none,me,Grace status:OPEN').names).toEqual([
      { kind: 'account', text: '@acme' },
      { kind: 'account', text: 'x' },
      { kind: 'agent', text: 'me' },
      { kind: 'agent', text: 'Grace' },
    ])
  })
})

const value = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  .filter((text) => text.trim() !== '' && text !== 'none')
const quoted = (text: string) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`
const some = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined })

describe('any filter', () => {
  it('comes back as the input that it was written from', () => {
    const terms = fc.record({
      statuses: some(fc.subarray([...STATUSES], { minLength: 1 })),
      priorities: some(fc.subarray([...PRIORITIES], { minLength: 1 })),
      allOf: fc.array(value, { maxLength: 3 }),
      anyOf: some(fc.array(value, { minLength: 2, maxLength: 4 })),
      noneOf: fc.array(value, { maxLength: 3 }),
      groups: some(fc.array(value, { minLength: 1, maxLength: 3 })),
      after: some(fc.date({ min: new Date('1970-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })),
      words: fc.array(
        fc.stringMatching(/^[a-z0-9]{3,8}$/).filter((word) => word !== 'none'),
        { maxLength: 3 },
      ),
      shuffle: fc.nat(),
    })
    fc.assert(
      fc.property(terms, ({ statuses, priorities, allOf, anyOf, noneOf, groups, after, words, shuffle }) => {
        const parts = [
          ...(statuses ? [`status:${statuses.join(',')}`] : []),
          ...(priorities ? [`priority:${priorities.join(',').toLowerCase()}`] : []),
          ...allOf.map((tag) => `tag:${quoted(tag)}`),
          ...(anyOf ? [`tag:${anyOf.map(quoted).join(',')}`] : []),
          ...noneOf.map((tag) => `-tag:${quoted(tag)}`),
          ...(groups
            ? [`group:${groups.map((group) => (group.startsWith('unknown') ? 'x' : quoted(group))).join(',')}`]
            : []),
          ...(after ? [`created>${after.toISOString()}`] : []),
        ]
        const cut = parts.length === 0 ? 0 : shuffle % parts.length
        const source = [...parts.slice(cut), ...words, ...parts.slice(0, cut)].join(' ')
        const tags = {
          ...(anyOf && { anyOf }),
          ...(allOf.length > 0 && { allOf: expect.arrayContaining(allOf) }),
          ...(noneOf.length > 0 && { noneOf: expect.arrayContaining(noneOf) }),
        }
        expect(read(source)).toEqual({
          ...(statuses && { statuses }),
          ...(priorities && { priorities }),
          ...(Object.keys(tags).length > 0 && { tags }),
          ...(groups && {
            groupIds: groups.map((group) => (group.startsWith('unknown') ? 'group/x' : `group/${group}`)),
          }),
          ...(after && { createdAfter: after.toISOString() }),
          ...(words.length > 0 && { text: words.join(' ') }),
        })
      }),
    )
  })

  it('is read, or refused at a column that there is', () => {
    const pieces = fc.constantFrom(
      'status',
      'tag',
      'created',
      ':',
      '<',
      '>',
      ',',
      '"',
      '-',
      ' ',
      '\\',
      'OPEN',
      '2026-11-01',
      '😀',
      'OR',
      '(',
    )
    const sources = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(sources, (source) => {
        try {
          read(source)
        } catch (error) {
          if (!(error instanceof FilterError)) throw error
          expect(error.column).toBeGreaterThanOrEqual(1)
          expect(error.column).toBeLessThanOrEqual([...source].length + 1)
          expect(error.message.split('\n')).toHaveLength(3)
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('what a filter can say', () => {
  const schema = buildSchema(readFileSync(new URL('../../../schema.graphql', import.meta.url), 'utf8'))

  it.each([
    ['TicketStatus', STATUSES],
    ['TicketChannel', CHANNELS],
    ['TicketPriority', PRIORITIES],
  ])('of %s is what the schema knows', (name, known) => {
    const type = schema.getType(name) as GraphQLEnumType
    expect([...known].sort()).toEqual(
      type
        .getValues()
        .map((each) => each.name)
        .sort(),
    )
  })

  it('is all that the schema takes', () => {
    const everything = read(
      'status:OPEN channel:X_CORP priority:LOW account:a requester:b assignee:none,c group:d tag:e word deleted:true created>2026-01-01 created<2026-01-01 updated>2026-01-01 updated<2026-01-01',
    )
    const type = schema.getType('TicketFilter') as GraphQLInputObjectType
    expect(Object.keys(everything).sort()).toEqual(Object.keys(type.getFields()).sort())
  })
})
