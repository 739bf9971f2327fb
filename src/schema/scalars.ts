import { GraphQLError } from 'graphql'
import { DateTimeResolver, JSONResolver } from 'graphql-scalars'
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
