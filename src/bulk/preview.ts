import type { BulkOutcome } from '../domain/bulk-update.ts'
import type { MicroDollars } from '../domain/price.ts'
import { sql } from '../domain/sql.ts'
import { ticketFilterSql } from '../domain/ticket-filter.ts'
import type { Audience } from '../domain/visibility.ts'
import type { Prisma } from '../generated/prisma/client.ts'
import type { BulkReplies } from '../outbound/bulk-replies.ts'
import { readPatchFacts } from '../tickets/patch-facts.ts'
import { answerable, repliesAsked } from './apply.ts'
import type { BulkPreview, BulkTargets, BulkUpdateRequest, PreviewedTicket, SenderCount } from './bulk-updates.ts'
import { type Deed, decide } from './decide.ts'
import { clock } from './jobs.ts'
import { Refused, refuse } from './open-job.ts'
import { readTickets } from './rows.ts'
import { type BulkServices, checkPatch, checkPosition } from './start.ts'

/** 100,000 tickets come near the 30 seconds that other snapshots have, and need several times that on a busy machine. */
export const PREVIEW_MS = 120_000

/** Tickets decided about at a time: between two, the process does other things. */
const STEP = 500

type Db = Prisma.TransactionClient
type Target = { readonly ticketId: string; readonly deed: Deed }

const none = (): Record<BulkOutcome, number> => ({ CHANGED: 0, UNCHANGED: 0, CONFLICT: 0, NOT_FOUND: 0, FAILED: 0 })

/** What a bulk update would do now. Nothing is written or locked. See BulkUpdates.preview. */
export async function previewBulkUpdate(
  { store, replies, mostTickets }: BulkServices,
  person: Audience,
  request: BulkUpdateRequest,
  sampleSize: number,
): Promise<BulkPreview> {
  await checkPosition(store, request)
  try {
    const { value, position } = await store.snapshot(async (db) => {
      await checkPatch(db, person, replies, request)
      const targets = await readTargets(db, person, request, mostTickets)
      const counts = none()
      const sample: PreviewedTicket[] = []
      const answers = tallyAnswers()
      for (let from = 0; from < targets.length; from += STEP) {
        for (const previewed of await previewStep(db, replies, person, request, targets.slice(from, from + STEP))) {
          counts[previewed.outcome]++
          answers.add(previewed)
          if (sample.length < sampleSize) sample.push(previewed)
        }
      }
      return { total: targets.length, counts, sample, ...answers.sum() }
    }, PREVIEW_MS)
    return { ...value, userErrors: [], position }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    const { epoch, head } = await store.log.head()
    const position = { epoch, offset: head }
    return { total: 0, counts: none(), sample: [], ...tallyAnswers().sum(), userErrors: error.userErrors, position }
  }
}

/** Counts answers by who would give them. */
function tallyAnswers() {
  const senders = new Map<string, SenderCount>()
  let price: MicroDollars = 0n
  return {
    add({ reply }: PreviewedTicket) {
      if (!reply) return
      const { channel, accountId, reason } = reply.plan
      const key = `${channel} ${accountId} ${reason}`
      senders.set(key, { channel, accountId, reason, count: (senders.get(key)?.count ?? 0) + 1 })
      price += reply.price
    },
    sum: () => ({ senders: [...senders.values()].sort((a, b) => b.count - a.count), price }),
  }
}

async function previewStep(
  db: Db,
  replies: BulkReplies,
  person: Audience,
  { ifPosition }: BulkUpdateRequest,
  targets: readonly Target[],
): Promise<PreviewedTicket[]> {
  const ids = targets.map(({ ticketId }) => ticketId)
  const found = await readTickets(db, person, ids, { ifPosition: ifPosition?.offset ?? null, lock: false })
  const patches = [...new Set(targets.map(({ deed }) => (deed.kind === 'patch' ? deed.patch : deed.kept)))]
  const tickets = [...found.values()].map(({ ticket }) => ticket)
  const facts = await readPatchFacts(db, { actorId: person.userId, patches, tickets }, false)
  const now = await clock(db)
  const answers = await replies.decide({ db }, repliesAsked(found, answerable(found, targets, facts, now)), 'preview')
  return targets.map(({ ticketId, deed }) => {
    const one = found.get(ticketId)
    const { decision, written } = decide(one, deed, facts, now, answers.get(ticketId))
    const before = one?.ticket ?? null
    return {
      ticketId,
      outcome: decision.outcome,
      errors: 'errors' in decision ? decision.errors : [],
      before,
      after: written?.after ?? before,
      reply: written?.reply ?? null,
    }
  })
}

async function readTargets(
  db: Db,
  person: Audience,
  { targets, patch }: BulkUpdateRequest,
  most: number,
): Promise<readonly Target[]> {
  if (targets.kind === 'patches')
    return targets.patches.map((given) => ({
      ticketId: given.ticketId,
      deed: { kind: 'patch', patch: given.patch, ifVersion: given.version },
    }))
  const deed: Deed = { kind: 'patch', patch: patch ?? {}, ifVersion: null }
  const ids = await readIds(db, person, targets, most)
  if (ids.length > most)
    throw refuse('TOO_MANY_TICKETS', [targets.kind], `A bulk update takes at most ${most} tickets.`)
  return ids.map((ticketId) => ({ ticketId, deed }))
}

async function readIds(
  db: Db,
  person: Audience,
  targets: Exclude<BulkTargets, { kind: 'patches' }>,
  most: number,
): Promise<readonly string[]> {
  if (targets.kind === 'ids') return [...new Set(targets.ids)]
  const query = sql`SELECT coalesce(json_agg(f.id ORDER BY f.id), '[]')::text AS ids
    FROM (SELECT t.id FROM ticket t WHERE ${ticketFilterSql(targets.filter, person)} LIMIT ${most + 1}::int) AS f`
  const [row] = await db.$queryRawUnsafe<{ ids: string }[]>(query.text, ...query.values)
  return JSON.parse(row?.ids ?? '[]') as string[]
}
