import {
  GraphQLEnumType,
  GraphQLError,
  GraphQLInputObjectType,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLScalarType,
  GraphQLSchema,
  GraphQLString,
} from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDocuments } from '../../src/server/documents.ts'
import { DEFAULT_LIMITS } from '../../src/server/limits.ts'
import { startTestServer, type TestServer } from './support.ts'

/* Errors say where and what is wrong, and never quote what was sent. */

const SENT = '8352190746'

const Colour = new GraphQLEnumType({ name: 'Colour', values: { RED: {}, GREEN: {} } })
const Secret = new GraphQLScalarType({
  name: 'Secret',
  extensions: { secret: true },
  parseValue: (value) => {
    if (typeof value === 'string') return value
    throw new GraphQLError('A secret is a text.', { extensions: { code: 'BAD_REQUEST' } })
  },
})
const Loud = new GraphQLScalarType({
  name: 'Loud',
  parseValue: (value) => {
    throw new Error(`what is ${String(value)}`)
  },
})
const Deep = new GraphQLInputObjectType({
  name: 'Deep',
  fields: () => ({
    n: { type: GraphQLInt },
    must: { type: new GraphQLNonNull(GraphQLString) },
    colours: { type: new GraphQLList(new GraphQLNonNull(Colour)) },
    secret: { type: Secret },
    loud: { type: Loud },
    deeper: { type: Deep },
  }),
})
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: 'Query',
    fields: {
      echo: { type: GraphQLString, args: { text: { type: GraphQLString } }, resolve: () => 'x' },
      take: { type: GraphQLString, args: { in: { type: Deep } }, resolve: () => 'x' },
      bad: { type: GraphQLInt, resolve: () => SENT },
    },
  }),
})

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ schema })
})
afterAll(() => server.close())

async function messages(query: string, variables: Record<string, unknown> = {}, operationName?: string) {
  const answer = await server.post({ query, variables, operationName })
  const text = await answer.text()
  expect(text).not.toContain(SENT)
  return (JSON.parse(text) as { errors: { message: string }[] }).errors.map(({ message }) => message)
}

const TAKE = 'query ($in: Deep) { take(in: $in) }'

describe('a variable that does not fit', () => {
  test.each<readonly [object | string | null, string[]]>([
    [{ must: 'x', n: SENT }, ['Variable "$in" got an invalid value at "in.n"; Expected a value of type "Int".']],
    [{ must: 1 }, ['Variable "$in" got an invalid value at "in.must"; Expected a value of type "String!".']],
    [{ n: 1 }, ['Variable "$in" got an invalid value; Field "must" of required type "String!" was not provided.']],
    [
      { must: null },
      ['Variable "$in" got an invalid value at "in.must"; Expected non-nullable type "String!" not to be null.'],
    ],
    [
      { must: 'x', colours: ['RED', SENT] },
      ['Variable "$in" got an invalid value at "in.colours.1"; Expected a value of type "Colour!".'],
    ],
    [
      { must: 'x', colours: [`RED", Did you mean "${SENT}"?`] },
      ['Variable "$in" got an invalid value at "in.colours.0"; Expected a value of type "Colour!".'],
    ],
    [
      { must: 'x', deeper: { must: 'y', deeper: SENT } },
      ['Variable "$in" got an invalid value at "in.deeper.deeper"; Expected type "Deep" to be an object.'],
    ],
    [{ must: 'x', secret: Number(SENT) }, ['Variable "$in" got an invalid value at "in.secret"; A secret is a text.']],
    [{ must: 'x', loud: SENT }, ['Variable "$in" got an invalid value at "in.loud"; Expected a value of type "Loud".']],
    [
      { must: 'x', muts: SENT },
      ['Variable "$in" got an invalid value; Field "muts" is not defined by type "Deep". Did you mean "must"?'],
    ],
    [{ must: 'x', [SENT]: 1 }, ['Variable "$in" got an invalid value; Expected a value of type "Deep".']],
    [SENT, ['Variable "$in" got an invalid value; Expected type "Deep" to be an object.']],
  ])('%j is told where and why', async (value, expected) => {
    expect(await messages(TAKE, { in: value })).toEqual(expected)
  })

  test('is told of at most 20 times', async () => {
    const colours = Array.from({ length: 100 }, () => SENT)
    expect(await messages(TAKE, { in: { must: 'x', colours } })).toHaveLength(20)
  })

  test('is missing, or null: that is said', async () => {
    const query = 'query ($a: Deep!, $b: Deep!) { a: take(in: $a) b: take(in: $b) }'
    expect(await messages(query, { b: null })).toEqual([
      'Variable "$a" of required type "Deep!" was not provided.',
      'Variable "$b" of non-null type "Deep!" must not be null.',
    ])
  })
})

describe('a literal that does not fit', () => {
  test.each([
    [`n: "${SENT}", must: "x"`, 'Expected a value of type "Int".'],
    [`must: ${SENT}`, 'Expected a value of type "String!".'],
    [`n: {a: "${SENT}"}, must: "x"`, 'Expected a value of type "Int".'],
    [`must: "x", colours: [RED, "${SENT}"]`, 'Expected a value of type "Colour!".'],
    [`must: "x", secret: ${SENT}`, 'A secret is a text.'],
    [`must: "x", loud: "${SENT}"`, 'Expected a value of type "Loud".'],
    [`n: 1`, 'Field "Deep.must" of required type "String!" was not provided.'],
    [`must: null`, 'Expected value of type "String!", found null.'],
    [`must: "x", muts: "${SENT}"`, 'Field "muts" is not defined by type "Deep". Did you mean "must"?'],
  ])('{ %s } is told why', async (fields, expected) => {
    expect(await messages(`{ take(in: { ${fields} }) }`)).toEqual([expected])
  })

  test('once the variables are in it is told which argument', async () => {
    const query = `query ($m: String = "x") { take(in: { must: $m, secret: "${SENT}" }) }`
    expect(await messages(query, { m: null })).toEqual(['Argument "in" has an invalid value.'])
  })
})

describe('a syntax error', () => {
  test.each([
    [`{ echo(text "${SENT}") }`, 'Syntax Error: Expected ":", found String.'],
    [`{ echo(text ${SENT}) }`, 'Syntax Error: Expected ":", found Int.'],
    [`{ echo(text ${SENT}.5) }`, 'Syntax Error: Expected ":", found Float.'],
    [`{ echo """${SENT}""" }`, 'Syntax Error: Expected Name, found BlockString.'],
    [`${SENT}`, 'Syntax Error: Unexpected Int.'],
    [`{ echo(text: ${SENT}x) }`, 'Syntax Error: Invalid number.'],
    [`{ echo(text: "\\u{${SENT}}") }`, 'Syntax Error: Invalid Unicode escape sequence.'],
    [`{ echo(text: "${SENT}`, 'Syntax Error: Unterminated string.'],
    [
      `{ echo(text: '${SENT}') }`,
      'Syntax Error: Unexpected single quote character (\'), did you mean to use a double quote (")?',
    ],
    ['{ echo(text: @) }', 'Syntax Error: Unexpected "@".'],
    ['{ echo } qurey', 'Syntax Error: Unexpected Name "qurey".'],
  ])('%s names what it met by its kind', async (query, expected) => {
    expect(await messages(query)).toEqual([expected])
  })
})

test('an operation name is quoted only when it is a name', async () => {
  expect(await messages('query A { echo }', {}, SENT)).toEqual(['Unknown operation.'])
  expect(await messages('query A { echo }', {}, 'B')).toEqual(['Unknown operation named "B".'])
})

test('a value that cannot be given out is ours to look into, and nobody is shown it', async () => {
  expect(await messages('{ bad }')).toEqual(['Unexpected error.'])
  expect(server.log.at(-1)).toContain('The value of bad cannot be given out')
  expect(server.log.join('')).not.toContain(SENT)
})

test('documents that may hold a secret are not remembered; others are', () => {
  const documents = createDocuments(schema, DEFAULT_LIMITS)
  const remembered = (source: string) => {
    const first = documents(source)
    return documents(source) === first
  }
  expect(remembered('{ echo }')).toBe(true)
  expect(remembered(`{ take(in: { must: "x", secret: "${SENT}" }) }`)).toBe(false)
})
