import { GraphQLError } from 'graphql'
import { DateTimeResolver, JSONResolver } from 'graphql-scalars'
import { formatDollars, parseDollars } from '../domain/money.ts'
import { formatPosition, type Position, parsePosition } from '../domain/position.ts'
import { builder } from './builder.ts'

builder.addScalarType('DateTime', DateTimeResolver, {
  description: 'A moment, as RFC 3339 says it: `2026-11-23T01:10:00.000Z`.',
})

builder.addScalarType('JSON', JSONResolver, { description: 'Any JSON value.' })

function readPosition(input: unknown): Position {
  const position = typeof input === 'string' ? parsePosition(input) : undefined
  if (!position) {
    throw new GraphQLError('A position is the text that a `position` field gave, as in `3f9a0c:1234`.', {
      extensions: { code: 'BAD_REQUEST' },
    })
  }
  return position
}

builder.scalarType('Position', {
  description:
    'A place in the event log. Opaque: keep it, and subscribe `after` it to miss nothing and see nothing twice.',
  serialize: (position) => formatPosition(position),
  parseValue: readPosition,
})

function readDate(input: unknown): string {
  const day =
    typeof input === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(input) ? new Date(`${input}T00:00:00Z`) : undefined
  // 30 February is read as 2 March.
  if (!day || Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== input) {
    throw new GraphQLError('A date is a day of the calendar, as in `2026-11-23`.', {
      extensions: { code: 'BAD_REQUEST' },
    })
  }
  return input as string
}

builder.scalarType('Date', {
  description: 'A day, as RFC 3339 says it: `2026-11-23`. Days are those of UTC.',
  serialize: (day) => day,
  parseValue: readDate,
})

function readDollars(input: unknown): bigint {
  const amount = typeof input === 'string' ? parseDollars(input) : undefined
  if (amount === undefined) {
    throw new GraphQLError('An amount is a text with at most six decimal places, as in `"25.00"`.', {
      extensions: { code: 'BAD_REQUEST' },
    })
  }
  return amount
}

builder.scalarType('Dollars', {
  description: 'An exact amount of US dollars, as a decimal text with up to six places: `"25.00"`, `"0.005"`.',
  serialize: (amount) => formatDollars(amount),
  parseValue: readDollars,
})
