import { z } from 'zod'
import { type BulkUpdateRequest, MOST_NAMED, type TicketPatchGiven } from '../bulk/bulk-updates.ts'
import type { BulkPatch } from '../domain/bulk-update.ts'
import type { UserError } from '../domain/errors.ts'
import { isStorable } from '../domain/ticket-tags.ts'
import { builder } from './builder.ts'
import type { Viewer } from './context.ts'
import { TicketPriorityEnum, TicketStatusEnum } from './enums.ts'
import { readFilter, TicketFilterInput } from './ticket-filter.ts'
import { IdReader } from './user-error.ts'

/* Which tickets, and what is done to them: the same words for doing it and for looking first. */

const key = z
  .string()
  .min(1, 'An idempotency key is not empty.')
  .max(200, 'An idempotency key has at most 200 characters.')
  .refine(isStorable, 'This is not text.')
  .nullish()

const BulkReplyInput = builder.inputType('BulkReplyInput', {
  description: 'An answer to the customers, by the account that the bulk sender rule names.',
  fields: (t) => ({
    body: t.string({ required: true, description: 'The text. Of a post: at most 280 characters, as X counts them.' }),
    ticketLink: t.boolean({ description: 'Whether it carries a link to the ticket’s page, where agents decide.' }),
  }),
})

const BulkPatchInput = builder.inputType('BulkPatchInput', {
  description: 'What to change of tickets. What is not given stays as it is.',
  fields: (t) => ({
    status: t.field({ type: TicketStatusEnum, description: 'The new status. SOLVED needs an assignee: you, if none.' }),
    priority: t.field({ type: TicketPriorityEnum, description: 'The new priority.' }),
    assigneeId: t.id({ description: 'Who shall work on them. Null: nobody.' }),
    groupId: t.id({ description: 'The group that they are given to. Null: none.' }),
    tags: t.stringList({ description: 'All of their tags anew. Not together with `addTags` and `removeTags`.' }),
    addTags: t.stringList({ description: 'Tags to add to those that they have.' }),
    removeTags: t.stringList({ description: 'Tags to take away from those that they have.' }),
    comment: t.string({ description: 'A private note to add, at most 50,000 characters.' }),
    reply: t.field({
      type: BulkReplyInput,
      description: 'An answer to the customers, as they wrote. Sent when no single answer of the account waits.',
    }),
  }),
})

const TicketPatchInput = builder.inputType('TicketPatchInput', {
  description: 'A patch for one ticket.',
  fields: (t) => ({
    ticketId: t.id({ required: true, description: 'The ticket.' }),
    patch: t.field({ type: BulkPatchInput, required: true, description: 'What to change of it.' }),
    version: t.int({
      description: 'The `version` that you know: if the ticket has another, it is left alone (CONFLICT).',
    }),
  }),
})

export const BulkUpdateTicketsInput = builder.inputType('BulkUpdateTicketsInput', {
  description: 'Either `ids` or `filter` with one `patch`, or `patches`.',
  fields: (t) => ({
    ids: t.idList({ description: `The tickets, at most ${MOST_NAMED}. For more, a filter or several calls.` }),
    filter: t.field({
      type: TicketFilterInput,
      description: 'The tickets that match now and that you see; `{}` is all of them.',
    }),
    patch: t.field({ type: BulkPatchInput, description: 'What to change of each.' }),
    patches: t.field({
      type: [TicketPatchInput],
      description: `A patch for each ticket, at most ${MOST_NAMED}. No ticket twice.`,
    }),
    idempotencyKey: t.string({
      description:
        'Yours: the same key with the same input gives the same job, as long as that is kept. A preview does not look at it.',
      validate: key,
    }),
    ifPosition: t.field({
      type: 'Position',
      description: 'The position of what you know: tickets that changed since are left alone (CONFLICT).',
    }),
  }),
})

type Shape = typeof BulkUpdateTicketsInput.$inferInput
type PatchShape = typeof BulkPatchInput.$inferInput
type Read = { readonly request: BulkUpdateRequest } | { readonly userErrors: readonly UserError[] }

const invalid = (field: string, message: string) => ({
  userErrors: [{ code: 'INVALID_INPUT', field: [field], message } as const],
})

/** The input with the database's ids, or all that is wrong with it. Throws as `readFilter` does. */
export function readBulkUpdate(input: Shape, viewer: Viewer): Read {
  const { ids, filter, patch, patches } = input
  const ifPosition = input.ifPosition ?? null
  const given = [ids, filter, patches].filter((targets) => targets !== null && targets !== undefined)
  if (given.length !== 1) return invalid('ids', 'Give exactly one of `ids`, `filter` and `patches`.')
  if (patches) {
    if (patch) return invalid('patch', 'Give no `patch` together with `patches`.')
    return readPatches(patches, ifPosition)
  }
  if (!patch) return invalid('patch', 'Say what to change: `patch`.')
  const reader = new IdReader()
  const read = readPatch(reader, patch)
  const ticketIds = reader.readList('Ticket', 'ids', ids)
  const faults = [...reader.userErrors, ...unstorable(patch)]
  if (faults.length > 0)
    return { userErrors: faults.map((error) => within(error.field[0] === 'ids' ? [] : ['patch'], error)) }
  if (ids && (ids.length === 0 || ids.length > MOST_NAMED)) return invalid('ids', `Name 1 to ${MOST_NAMED} tickets.`)
  const targets = ticketIds
    ? ({ kind: 'ids', ids: ticketIds } as const)
    : ({ kind: 'filter', filter: readFilter(filter, viewer) } as const)
  return { request: { targets, patch: read, ifPosition } }
}

function readPatches(patches: NonNullable<Shape['patches']>, ifPosition: BulkUpdateRequest['ifPosition']): Read {
  if (patches.length === 0 || patches.length > MOST_NAMED) return invalid('patches', `Give 1 to ${MOST_NAMED} patches.`)
  const userErrors: UserError[] = []
  const seen = new Set<string>()
  const read = patches.flatMap(({ ticketId: id, patch, version }, index): TicketPatchGiven[] => {
    const reader = new IdReader()
    const ticketId = reader.read('Ticket', 'ticketId', id)
    const inner = readPatch(reader, patch)
    const path = ['patches', String(index)]
    for (const error of [...reader.userErrors, ...unstorable(patch)])
      userErrors.push(within(error.field[0] === 'ticketId' ? path : [...path, 'patch'], error))
    if (ticketId === undefined) return []
    if (seen.has(ticketId)) {
      const message = 'Each ticket takes one patch; this one is named before.'
      userErrors.push({ code: 'INVALID_INPUT', field: [...path, 'ticketId'], message })
    }
    seen.add(ticketId)
    return [{ ticketId, patch: inner, version: version ?? null }]
  })
  if (userErrors.length > 0) return { userErrors }
  return { request: { targets: { kind: 'patches', patches: read }, patch: null, ifPosition } }
}

function readPatch(reader: IdReader, patch: PatchShape): BulkPatch {
  return {
    ...patch,
    assigneeId: reader.readOptional('User', 'assigneeId', patch.assigneeId),
    groupId: reader.readOptional('Group', 'groupId', patch.groupId),
  }
}

/** PostgreSQL keeps neither U+0000 nor half a surrogate pair, and a patch is kept as it came until its turn. */
function unstorable({ tags, addTags, removeTags, comment, reply }: PatchShape): UserError[] {
  const texts: [field: string[], values: readonly (string | null | undefined)[]][] = [
    [['tags'], tags ?? []],
    [['addTags'], addTags ?? []],
    [['removeTags'], removeTags ?? []],
    [['comment'], [comment]],
    [['reply', 'body'], [reply?.body]],
  ]
  return texts
    .filter(([, values]) => values.some((value) => value && !isStorable(value)))
    .map(([field]) => ({ code: 'INVALID_INPUT', field, message: 'This holds characters that are not text.' }))
}

const within = (path: readonly string[], error: UserError): UserError => ({
  ...error,
  field: [...path, ...error.field],
})
