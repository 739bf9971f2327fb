import { z } from 'zod'
import type { Api, Asking } from '../api.ts'
import type { TicketFilter } from '../filter/ticket-filter.ts'
import { CommandError } from '../outcome.ts'
import type { Patch } from './patch.ts'

const state = {
  status: z.enum(['QUEUED', 'WORKING', 'COMPLETED', 'CANCELLED', 'FAILED']),
  total: z.number(),
  done: z.number(),
  failed: z.number(),
  ratePerSecond: z.number().nullable(),
  etaSeconds: z.number().nullable(),
}
/** How far a bulk update is. */
export const progress = z.object(state)
export type Progress = z.infer<typeof progress>
const job = z.object({ id: z.string(), ...state })
export type Job = z.infer<typeof job>

const userErrors = z.array(z.object({ code: z.string(), field: z.array(z.string()).nullable(), message: z.string() }))
const FIELDS = 'id status total done failed ratePerSecond etaSeconds'

export const isOver = ({ status }: Pick<Progress, 'status'>): boolean => status !== 'QUEUED' && status !== 'WORKING'

/** The input BulkUpdateTicketsInput of the schema. */
export interface BulkUpdateInput {
  readonly ids?: readonly string[]
  readonly filter?: TicketFilter
  readonly patch: Patch
  readonly idempotencyKey?: string
}

/** A bulk update as it stood at a position of the log. */
export interface Begun {
  readonly job: Job
  readonly position: string
}

const payload = z.object({ job: job.nullable(), position: z.string(), userErrors })
const PAYLOAD = `{ position job { ${FIELDS} } userErrors { code field message } }`

const MUTATIONS = {
  bulkUpdateTickets: `mutation ($input: BulkUpdateTicketsInput!) { answer: bulkUpdateTickets(input: $input) ${PAYLOAD} }`,
  cancelBulkUpdate: `mutation ($input: BulkUpdateNamedInput!) { answer: cancelBulkUpdate(input: $input) ${PAYLOAD} }`,
  undoBulkUpdate: `mutation ($input: BulkUpdateNamedInput!) { answer: undoBulkUpdate(input: $input) ${PAYLOAD} }`,
}

/** Begins, stops or takes back a bulk update. Each can be asked again without harm. Throws CommandError. */
export async function mutate(
  api: Api,
  name: keyof typeof MUTATIONS,
  input: BulkUpdateInput | { readonly id: string },
  asking: Asking = {},
): Promise<Begun> {
  const { answer } = await api.ask(z.object({ answer: payload }), MUTATIONS[name], { input }, asking)
  refuseErrors(answer.userErrors)
  if (!answer.job) throw new CommandError('Perch named no bulk update.')
  return { job: answer.job, position: answer.position }
}

/** Throws what is wrong with an input, as sentences. */
export function refuseErrors(errors: z.infer<typeof userErrors>): void {
  if (errors.length === 0) return
  throw new CommandError(`Perch refused: ${errors.map(({ code, message }) => `${message} (${code})`).join('\n')}`)
}

/** A bulk update as it is now, and a position from before it was read. Throws CommandError. */
export async function readJob(api: Api, id: string): Promise<Begun> {
  const log = z.object({ eventLog: z.object({ end: z.string() }) })
  const position = (await api.ask(log, '{ eventLog { end } }')).eventLog.end
  const form = z.object({ bulkUpdateJob: job.nullable() })
  const found = (await api.ask(form, `query ($id: ID!) { bulkUpdateJob(id: $id) { ${FIELDS} } }`, { id })).bulkUpdateJob
  if (!found) throw new CommandError('There is no such bulk update that you see.')
  return { job: found, position }
}

const item = z.object({
  ticketId: z.string(),
  outcome: z.string(),
  ticket: z.object({ number: z.number() }).nullable(),
  errors: z.array(z.object({ code: z.string(), message: z.string() })),
})
/** A ticket that was left alone or, of an undo, was not taken back wholly. */
export type FailedItem = z.infer<typeof item>

const page = z.object({
  bulkUpdateJob: z
    .object({
      items: z.object({
        nodes: z.array(item),
        pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
      }),
    })
    .nullable(),
})
const ITEMS = `query ($id: ID!, $first: Int!, $after: String) {
  bulkUpdateJob(id: $id) {
    items(first: $first, after: $after, hasErrors: true) {
      nodes { ticketId outcome ticket { number } errors { code message } }
      pageInfo { hasNextPage endCursor }
    }
  }
}`

/** These tickets, page by page. */
export async function* failedItems(api: Api, id: string, pageSize = 100): AsyncGenerator<FailedItem> {
  let after: string | null = null
  do {
    const asked: z.infer<typeof page> = await api.ask(page, ITEMS, { id, first: pageSize, after })
    if (!asked.bulkUpdateJob) return
    const { nodes, pageInfo } = asked.bulkUpdateJob.items
    yield* nodes
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null
  } while (after !== null)
}
