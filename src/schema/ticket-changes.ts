import { type Audience, isStaff, seesField } from '../domain/visibility.ts'
import { builder } from './builder.ts'
import { encodeGlobalId } from './global-id.ts'
import type { TicketEventBody } from './ticket-event-filter.ts'

interface TicketChange {
  readonly field: string
  readonly before: unknown
  readonly after: unknown
}

/** Fields that hold ids, and whose. */
const ID_FIELDS: Readonly<Record<string, string>> = { assigneeId: 'User', groupId: 'Group' }

export const TicketChangeRef = builder.objectRef<TicketChange>('TicketChange').implement({
  description: 'One field that changed.',
  fields: (t) => ({
    field: t.exposeString('field', {
      description:
        'Its name: subject, status, priority, assigneeId, groupId, tags, movedToEmailAt; of a comment, one of its fields.',
    }),
    before: t.field({
      type: 'JSON',
      nullable: true,
      description: 'The value before. Null for text, which is not kept in the log.',
      resolve: ({ before }) => before,
    }),
    after: t.field({
      type: 'JSON',
      nullable: true,
      description: 'The value that the event set. Null for text: read it from the object.',
      resolve: ({ after }) => after,
    }),
  }),
})

/** What changed, as far as the audience is told. */
export function changesOf(body: TicketEventBody, audience: Audience): TicketChange[] {
  if (body.type === 'comment.updated')
    return body.changed.map((field) => {
      const delivery = field === 'deliveryState' && isStaff(audience) ? body.delivery : undefined
      return { field, before: delivery?.before ?? null, after: delivery?.after ?? null }
    })
  if (body.type !== 'ticket.updated') return []
  const read = (values: object, field: string): unknown => {
    const value: unknown = Object.entries(values).find(([name]) => name === field)?.[1] ?? null
    const type = ID_FIELDS[field]
    return type && typeof value === 'string' ? encodeGlobalId(type, value) : value
  }
  return body.changed
    .filter((field) => seesField(audience, field))
    .map((field) => ({ field, before: read(body.before, field), after: read(body.ticket, field) }))
}
