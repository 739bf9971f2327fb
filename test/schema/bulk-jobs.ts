import { expect } from 'vitest'
import { createBulkUpdateTask } from '../../src/bulk/task.ts'
import type { Viewer } from '../../src/schema/context.ts'
import { bulkReplies } from '../helpers/bulk-replies.ts'
import { silent } from '../helpers/stores.ts'
import type { World } from './world.ts'

/* Bulk updates as tests begin them, do them, and look at them. */

export interface Job {
  id: string
  status: string
  total: number
  done: number
  failed: number
}

export interface Payload {
  job: Job | null
  userErrors: { code: string; field: string[] }[]
  position: string
}

export interface Item {
  ticketId: string
  outcome: string | null
  changed: string[]
  errors: { code: string; field: string[]; message: string }[]
  ticket: { id: string } | null
  reply: { id: string } | null
}

const JOB = 'job { id status total done failed } userErrors { code field } position'

/** The database's id in a global one. */
export const dbId = (globalId: string | undefined): string =>
  Buffer.from(globalId ?? '', 'base64')
    .toString()
    .split(':')[1] ?? ''

export function bulkJobs(world: World) {
  async function call(field: 'cancelBulkUpdate' | 'undoBulkUpdate', id: string | undefined, viewer = world.agent) {
    const { data, errors } = await world.ask<Record<string, Payload>>(
      viewer,
      `mutation($id: ID!) { ${field}(input: { id: $id }) { ${JOB} } }`,
      { id },
    )
    expect(errors).toEqual([])
    return data[field] as Payload
  }

  async function begin(input: object, viewer: Viewer = world.agent): Promise<Payload> {
    const { data, errors } = await world.ask<{ bulkUpdateTickets: Payload }>(
      viewer,
      `mutation($input: BulkUpdateTicketsInput!) { bulkUpdateTickets(input: $input) { ${JOB} } }`,
      { input },
    )
    expect(errors).toEqual([])
    return data.bulkUpdateTickets
  }

  /** Does what a worker would. */
  async function work({ job }: Payload): Promise<Payload> {
    const { store } = world
    const task = createBulkUpdateTask({ store, replies: bulkReplies(store), logger: silent })
    await task({ jobId: dbId(job?.id) }, undefined)
    return { job, userErrors: [], position: '' }
  }

  /** What the viewer sees of it; undefined: nothing. Outcomes by the database's ids of the tickets. */
  async function results({ job }: Pick<Payload, 'job'>, viewer: Viewer = world.agent) {
    const { data, errors } = await world.ask<{
      bulkUpdateJob: (Job & { undoOf: { id: string } | null; items: { nodes: Item[] } }) | null
    }>(
      viewer,
      `query($id: ID!) { bulkUpdateJob(id: $id) { id status total done failed undoOf { id } items(first: 100) {
         nodes { ticketId outcome changed errors { code field message } ticket { id } reply { id } } } } }`,
      { id: job?.id },
    )
    expect(errors).toEqual([])
    const seen = data.bulkUpdateJob
    const items = seen?.items.nodes ?? []
    const outcomes = Object.fromEntries(items.map((item) => [dbId(item.ticketId), item.outcome]))
    const codes = Object.fromEntries(items.map((item) => [dbId(item.ticketId), item.errors.map(({ code }) => code)]))
    return { job: seen, items, outcomes, codes }
  }

  return {
    begin,
    work,
    results,
    cancel: (id: string | undefined, viewer?: Viewer) => call('cancelBulkUpdate', id, viewer),
    undo: (id: string | undefined, viewer?: Viewer) => call('undoBulkUpdate', id, viewer),
  }
}
