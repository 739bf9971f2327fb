import { GraphQLError } from 'graphql'
import { builder } from './builder.ts'

/** The refusal never shows what was sent: it may be a PIN all the same. */
function readPin(input: unknown): string {
  if (typeof input === 'string') return input
  throw new GraphQLError('A PIN is sent as a string: as a number it would lose its leading zeros.', {
    extensions: { code: 'BAD_REQUEST' },
  })
}

builder.scalarType('XChatPin', {
  description:
    'The PIN of an XChat: four digits, as a string. Sent in only, and never kept. Put it into the variables, not into the document.',
  // Documents that bring one are not remembered (server/documents.ts).
  extensions: { secret: true },
  serialize: () => {
    throw new Error('A PIN is never given out.')
  },
  parseValue: readPin,
})
