import { readFileSync } from 'node:fs'
import { complexityFromQuery } from '@pothos/plugin-complexity'
import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  printSchema,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import { REQUEST_ERROR_CODES, USER_ERROR_CODES } from '../../src/domain/errors.ts'
import { encodeGlobalId } from '../../src/schema/global-id.ts'
import { buildSchema } from '../../src/schema/index.ts'

const ID = '00000000-0000-7000-8000-000000000000'
const schema = buildSchema()
const types = Object.values(schema.getTypeMap()).filter(
  (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
)
const file = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')

it('schema.graphql is what the code says (npx tsx scripts/print-schema.ts)', () => {
  expect(file('schema.graphql')).toBe(`${printSchema(schema)}\n`)
})

it('everything public is described, shortly', () => {
  const described: [string, string | null | undefined][] = []
  for (const type of types) {
    described.push([type.name, type.description])
    if (isEnumType(type))
      for (const value of type.getValues()) described.push([`${type.name}.${value.name}`, value.description])
    if (isObjectType(type) || isInterfaceType(type) || isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) {
        described.push([`${type.name}.${field.name}`, field.description])
        for (const arg of 'args' in field ? field.args : [])
          described.push([`${type.name}.${field.name}(${arg.name})`, arg.description])
      }
    }
  }
  expect(described.length).toBeGreaterThan(200)
  expect(described.filter(([, text]) => !text || text.length > 160).map(([name]) => name)).toEqual([])
})

it('no field anywhere leads to a credential', () => {
  const names = types.flatMap((type) => (isObjectType(type) ? Object.keys(type.getFields()) : []))
  expect(names.filter((name) => /token|secret|credential|password/i.test(name))).toEqual([])
  expect(types.map(({ name }) => name)).not.toContain('AccountCredential')
})

it('every mutation takes one input, and answers userErrors and position', () => {
  const mutations = Object.values(schema.getMutationType()?.getFields() ?? {})
  expect(mutations.length).toBeGreaterThan(7)
  for (const { args, type } of mutations) {
    expect(args.map(({ name }) => name)).toEqual(['input'])
    const payload = getNamedType(type)
    const fields = isObjectType(payload) ? payload.getFields() : {}
    expect(String(fields['userErrors']?.type)).toBe('[UserError!]!')
    expect(String(fields['position']?.type)).toBe('Position!')
  }
})

it('every subscription can be resumed, and says from where', () => {
  for (const { args, type } of Object.values(schema.getSubscriptionType()?.getFields() ?? {})) {
    expect(args.map(({ name, type }) => `${name}: ${type}`)).toContain('after: Position')
    const payload = getNamedType(type)
    expect(String(isObjectType(payload) && payload.getFields()['position']?.type)).toBe('Position!')
  }
})

it('docs/errors.md explains each error code, and no other', () => {
  const listed = [...file('docs/errors.md').matchAll(/^\| `([A-Z_]+)` \|/gm)].map((match) => match[1] ?? '')
  const ours = [...USER_ERROR_CODES, ...REQUEST_ERROR_CODES]
  expect(listed.filter((code) => (ours as readonly string[]).includes(code)).toSorted()).toEqual(ours.toSorted())
})

describe('what an operation costs', () => {
  const cost = (query: string, variables = {}) => complexityFromQuery(query, { schema, variables }).complexity

  it('grows with the number of tickets asked for', () => {
    const page = (first: number) => cost('query($n: Int) { tickets(first: $n) { nodes { number } } }', { n: first })
    expect(page(100) - page(50)).toBe(50 * 2)
    expect(cost('{ tickets { nodes { number } } }')).toBe(page(50))
    expect(cost('{ tickets(last: 10) { nodes { number } } }')).toBe(page(10))
  })
  it('multiplies with the comments of each, so that all of everything is too much', () => {
    const nested = (tickets: number, comments: number) =>
      cost(
        `{ tickets(first: ${tickets}) { nodes { comments(last: ${comments}) { nodes { body author { name } } } } } }`,
      )
    expect(nested(50, 5)).toBeLessThan(2_000)
    expect(nested(100, 100)).toBeGreaterThan(10_000)
  })
  it('does not overflow on numbers that are refused anyway', () => {
    expect(cost('{ tickets(first: 2147483647) { nodes { number } } }')).toBe(
      cost('{ tickets(first: 100) { nodes { number } } }'),
    )
    expect(cost('{ tickets(first: -5) { nodes { number } } }')).toBeGreaterThan(0)
  })
  it('grows with the ids of nodes', () => {
    const nodes = (count: number) =>
      cost('query($ids: [ID!]!) { nodes(ids: $ids) { id } }', {
        ids: Array.from({ length: count }, () => encodeGlobalId('Ticket', ID)),
      })
    expect(nodes(100) - nodes(10)).toBe(90)
  })
})
