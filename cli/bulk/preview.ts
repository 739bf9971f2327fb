import { z } from 'zod'
import type { Api } from '../api.ts'
import { plain } from '../line.ts'
import { type BulkUpdateInput, refuseErrors } from './jobs.ts'

const SAMPLE = 10
/** Perch gives itself two minutes for a preview, and does two at a time: this may be the fifth. */
const ANSWER_MS = 300_000

const fields = z.object({
  status: z.string(),
  priority: z.string().nullable(),
  assigneeId: z.string().nullable(),
  groupId: z.string().nullable(),
  tags: z.array(z.string()),
})
type Fields = z.infer<typeof fields>
const sender = z.object({
  channel: z.string(),
  reason: z.string().nullable(),
  account: z.object({ screenName: z.string() }).nullable(),
})
const previewed = z.object({
  ticketId: z.string(),
  outcome: z.string(),
  before: fields.nullable(),
  after: fields.nullable(),
  errors: z.array(z.object({ code: z.string(), message: z.string() })),
  sender: sender.nullish(),
})
const preview = z.object({
  previewBulkUpdate: z.object({
    total: z.number(),
    counts: z.array(z.object({ outcome: z.string(), count: z.number() })),
    senders: z.array(z.object({ count: z.number(), sender })).optional(),
    price: z.string().optional(),
    sample: z.array(previewed),
    userErrors: z.array(z.object({ code: z.string(), field: z.array(z.string()).nullable(), message: z.string() })),
  }),
})
const FIELDS = '{ status priority assigneeId groupId tags }'
const SENDER = 'sender { channel reason account { screenName } }'
const previewOf = (reply: boolean) => `query ($input: BulkUpdateTicketsInput!, $sample: Int!) {
  previewBulkUpdate(input: $input, sample: $sample) {
    total
    counts { outcome count }
    sample {
      ticketId outcome before ${FIELDS} after ${FIELDS} errors { code message } ${reply ? SENDER : ''}
    }
    userErrors { code field message }
    ${reply ? `price senders { count ${SENDER} }` : ''}
  }
}`

const named = z.object({
  nodes: z.array(z.object({ id: z.string(), number: z.number().optional(), title: z.string().optional() }).nullable()),
})
const NAMED = `query ($ids: [ID!]!) {
  nodes(ids: $ids) { id ... on Ticket { number title: subject } ... on User { title: name } ... on Group { title: name } }
}`
/** Ids that `nodes` takes in one question. */
const IDS_AT_ONCE = 100

const WORDS: Readonly<Record<string, string>> = {
  CHANGED: 'would be changed',
  UNCHANGED: 'are like that already',
  CONFLICT: 'would be left alone: changed meanwhile',
  NOT_FOUND: 'are not there, or not seen by you',
  FAILED: 'would be left alone',
}
const REASONS: Readonly<Record<string, string>> = {
  ADDRESSED: 'the customer wrote to it',
  ADDRESSED_CANNOT: 'the default account: the one that the customer wrote to cannot answer',
  DEFAULT: 'the default account answers in bulk',
  DEFAULT_CANNOT: 'the customer wrote to it; the default account cannot answer',
}

/** What a bulk update would do, as lines for people. Changes nothing. Throws CommandError. */
export async function previewLines(api: Api, input: BulkUpdateInput): Promise<string[]> {
  const reply = input.patch.reply !== undefined
  const asked = await api.ask(preview, previewOf(reply), { input, sample: SAMPLE }, { answerMs: ANSWER_MS })
  const { total, counts, sample, senders = [], price, userErrors } = asked.previewBulkUpdate
  refuseErrors(userErrors)
  const name = await namesOf(api, sample)
  const width = total.toLocaleString('en').length
  return [
    `A dry run: nothing was changed. ${total.toLocaleString('en')} ${total === 1 ? 'ticket' : 'tickets'}:`,
    ...counts
      .filter(({ count }) => count > 0)
      .map(({ outcome, count }) => `  ${count.toLocaleString('en').padStart(width)} ${WORDS[outcome] ?? outcome}`),
    ...senders.map(
      ({ count, sender: from }) => `  ${count.toLocaleString('en').padStart(width)} answered ${senderOf(from)}`,
    ),
    ...(price === undefined ? [] : [`  X would charge $${price} for the answers`]),
    ...(sample.length > 0 && sample.length < total ? ['', `The first ${sample.length} of them:`] : ['']),
    ...sample.flatMap(({ ticketId, before, after, errors, outcome, sender: from }) => {
      const changes = before && after ? changesOf(before, after, name) : []
      return [
        name(ticketId),
        ...(changes.length > 0 ? [`      ${changes.join('; ')}`] : []),
        ...(outcome === 'UNCHANGED' ? ['      nothing to change'] : []),
        ...errors.map(({ code, message }) => `      left alone: ${message} (${code})`),
        ...(from ? [`      answered ${senderOf(from)}`] : []),
      ]
    }),
  ]
}

function changesOf(before: Fields, after: Fields, name: (id: string) => string): string[] {
  const change = (label: string, from: string, to: string) => (from === to ? [] : [`${label} ${from} → ${to}`])
  const who = (id: string | null) => (id === null ? 'nobody' : name(id))
  return [
    ...change('status', before.status, after.status),
    ...change('priority', before.priority ?? 'none', after.priority ?? 'none'),
    ...change('assignee', who(before.assigneeId), who(after.assigneeId)),
    ...change('group', who(before.groupId), who(after.groupId)),
    ...change('tags', plain(before.tags.join(', ')) || 'none', plain(after.tags.join(', ')) || 'none'),
  ]
}

const senderOf = ({ account, channel, reason }: z.infer<typeof sender>): string =>
  `${account ? `by @${account.screenName}` : 'by e-mail'} (${channel})${reason ? `: ${REASONS[reason] ?? reason}` : ''}`

/** Tickets, people and groups of the sample as people know them. */
async function namesOf(api: Api, sample: readonly z.infer<typeof previewed>[]): Promise<(id: string) => string> {
  const ids = sample.flatMap(({ ticketId, before, after }) =>
    [ticketId, before?.assigneeId, after?.assigneeId, before?.groupId, after?.groupId].flatMap((id) => id ?? []),
  )
  const all = [...new Set(ids)].slice(0, IDS_AT_ONCE)
  if (all.length === 0) return (id) => id
  const { nodes } = await api.ask(named, NAMED, { ids: all })
  const known = new Map(
    nodes.flatMap((node) => {
      if (!node) return []
      const title = plain(node.title ?? '')
      return [[node.id, node.number === undefined ? title : `#${node.number}`.padEnd(6) + title] as const]
    }),
  )
  return (id) => known.get(id) ?? id
}
