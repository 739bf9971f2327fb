import type { TicketPriority, TicketStatus } from '../domain/event.ts'
import { builder } from './builder.ts'
import { described, TicketPriorityEnum, TicketStatusEnum } from './enums.ts'
import { GroupRef } from './group.ts'
import { UserRef } from './user.ts'

/* What a field of a ticket was, or became, in a form that a console can show without knowing ids. */

export const AuditFieldEnum = builder.enumType('AuditField', {
  description: 'A field of a ticket that can change.',
  values: described({
    SUBJECT: 'Its subject. The log keeps no text, so there are no values.',
    STATUS: 'Its status.',
    PRIORITY: 'Its priority.',
    ASSIGNEE: 'Who works on it.',
    GROUP: 'The team that it is given to.',
    TAGS: 'Its tags.',
    MOVED_TO_EMAIL: 'Since when answers go by e-mail.',
  }),
})

/** The log's names of the fields. */
export const AUDIT_FIELDS: Readonly<Record<string, typeof AuditFieldEnum.$inferType>> = {
  subject: 'SUBJECT',
  status: 'STATUS',
  priority: 'PRIORITY',
  assigneeId: 'ASSIGNEE',
  groupId: 'GROUP',
  tags: 'TAGS',
  movedToEmailAt: 'MOVED_TO_EMAIL',
}

type Value =
  | { readonly kind: 'AuditStatus'; readonly status: TicketStatus }
  | { readonly kind: 'AuditPriority'; readonly priority: TicketPriority }
  | { readonly kind: 'AuditAssignee' | 'AuditGroup'; readonly id: string }
  | { readonly kind: 'AuditTags'; readonly tags: readonly string[] }
  | { readonly kind: 'AuditMoment'; readonly at: Date }
type Of<Kind extends Value['kind']> = Extract<Value, { kind: Kind }>

const AuditStatus = builder.objectRef<Of<'AuditStatus'>>('AuditStatus').implement({
  description: 'A status, as a value.',
  fields: (t) => ({ status: t.expose('status', { type: TicketStatusEnum, description: 'The status.' }) }),
})
const AuditPriority = builder.objectRef<Of<'AuditPriority'>>('AuditPriority').implement({
  description: 'A priority, as a value.',
  fields: (t) => ({ priority: t.expose('priority', { type: TicketPriorityEnum, description: 'The priority.' }) }),
})
const AuditAssignee = builder.objectRef<{ readonly kind: string; readonly id: string }>('AuditAssignee').implement({
  description: 'An assignee, as a value.',
  fields: (t) => ({
    user: t.prismaField({
      type: UserRef,
      nullable: true,
      description: 'The person; null when they are gone since.',
      resolve: (query, { id }, _args, { prisma }) => prisma.user.findUnique({ ...query, where: { id } }),
    }),
  }),
})
const AuditGroup = builder.objectRef<{ readonly kind: string; readonly id: string }>('AuditGroup').implement({
  description: 'A group, as a value.',
  fields: (t) => ({
    group: t.prismaField({
      type: GroupRef,
      nullable: true,
      description: 'The group; null when it is gone since.',
      resolve: (query, { id }, _args, { prisma }) => prisma.group.findUnique({ ...query, where: { id } }),
    }),
  }),
})
const AuditTags = builder.objectRef<Of<'AuditTags'>>('AuditTags').implement({
  description: 'All tags at a time, as a value.',
  fields: (t) => ({ tags: t.stringList({ description: 'The tags.', resolve: ({ tags }) => [...tags] }) }),
})

const AuditMoment = builder.objectRef<Of<'AuditMoment'>>('AuditMoment').implement({
  description: 'A moment, as a value.',
  fields: (t) => ({ at: t.expose('at', { type: 'DateTime', description: 'The moment.' }) }),
})

export const AuditValue = builder.unionType('AuditValue', {
  description: 'What a field was, or became.',
  types: [AuditStatus, AuditPriority, AuditAssignee, AuditGroup, AuditTags, AuditMoment],
  resolveType: (value) => ('kind' in value ? value.kind : undefined) as Value['kind'],
})

/** The value of a field in the event's picture of the ticket; null where it had none, or the log keeps none. */
export function auditValue(
  field: string,
  ticket: {
    readonly status?: TicketStatus | undefined
    readonly priority?: TicketPriority | null | undefined
    readonly assigneeId?: string | null | undefined
    readonly groupId?: string | null | undefined
    readonly tags?: readonly string[] | undefined
    readonly movedToEmailAt?: string | null | undefined
  },
): Value | null {
  const { status, priority, assigneeId, groupId, tags, movedToEmailAt } = ticket
  if (field === 'status' && status) return { kind: 'AuditStatus', status }
  if (field === 'priority' && priority) return { kind: 'AuditPriority', priority }
  if (field === 'assigneeId' && assigneeId) return { kind: 'AuditAssignee', id: assigneeId }
  if (field === 'groupId' && groupId) return { kind: 'AuditGroup', id: groupId }
  if (field === 'tags' && tags) return { kind: 'AuditTags', tags }
  if (field === 'movedToEmailAt' && movedToEmailAt) return { kind: 'AuditMoment', at: new Date(movedToEmailAt) }
  return null
}
