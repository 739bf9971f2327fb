import type { UserError } from '../domain/errors.ts'
import type { Position } from '../domain/position.ts'
import { visibleTickets } from '../domain/visibility.ts'
import type { SchemaTypes } from './schema-types.ts'
import { TicketRef } from './ticket.ts'
import { UserRef } from './user.ts'
import { UserErrorRef } from './user-error.ts'
import { viewerOf } from './viewer.ts'

/* What the payloads of mutations have in common. */

type Fields<Parent> = PothosSchemaTypes.ObjectFieldBuilder<PothosSchemaTypes.ExtendDefaultTypes<SchemaTypes>, Parent>

interface Outcome {
  readonly userErrors: readonly UserError[]
  /** The log position that includes the change. */
  readonly position: Position
}

/** `userErrors` and `position`, described with what they mean for what was asked. */
export function outcomeFields<Parent extends Outcome>(
  t: Fields<Parent>,
  userErrors = 'What is wrong with the input. Not empty: nothing was changed.',
  position = 'The log position that includes the change.',
) {
  return {
    userErrors: t.field({
      type: [UserErrorRef],
      description: userErrors,
      resolve: (outcome: Parent) => [...outcome.userErrors],
    }),
    position: t.field({
      type: 'Position',
      description: position,
      resolve: (outcome: Parent) => outcome.position,
    }),
  }
}

/** The ticket that it was about, as the viewer sees it. */
export const ticketField = <Parent extends { readonly ticketId: string | null }>(
  t: Fields<Parent>,
  description = 'The ticket as it is now; null when there is none that you see.',
) =>
  t.prismaField({
    type: TicketRef,
    nullable: true,
    description,
    resolve: (query, { ticketId }: Parent, _args, context) =>
      ticketId === null
        ? null
        : context.prisma.ticket.findUnique({ ...query, where: { id: ticketId, ...visibleTickets(viewerOf(context)) } }),
  })

/** Whom it was about. */
export const userField = <Parent extends { readonly userId: string | null }>(t: Fields<Parent>, description: string) =>
  t.prismaField({
    type: UserRef,
    nullable: true,
    description,
    resolve: (query, { userId }: Parent, _args, { prisma }) =>
      userId === null ? null : prisma.user.findUnique({ ...query, where: { id: userId } }),
  })
