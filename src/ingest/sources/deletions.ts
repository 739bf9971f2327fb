import { XError } from '../../x/errors.ts'
import { noteLooked } from '../looked.ts'
import { newerVersions, parseLookup } from '../parse.ts'
import { shownAt } from '../seen-at.ts'
import type { PolledAccount, Source, SourceServices } from './source.ts'

/*
 * Posts that are gone (X's policy wants them gone here, too). X tells of nobody's deletions but the account's own, so what
 * is on tickets that are not closed is looked up: a hundred at a time, ticket by ticket, each about once a day. So is what
 * waits among the incoming posts: a hundred a round at most, the ones that are overdue longest first.
 */

/** X takes so many ids in one call. */
const MAX_IDS = 100

export const deletions: Source = {
  name: 'deletions',
  endpoint: 'GET /2/tweets',
  slower: 20,
  callsARound: 2,
  streamed: false,
  wants: () => true,
  async round(services, account) {
    const next = await nextPosts(services, account)
    if (next.versionIds.length === 0) await finishCycle(services, account)
    else {
      await lookUp(services, account, next)
      await keep(services, account, next.lastNumber)
    }
    const waiting = await nextWaiting(services, account)
    if (waiting.ids.length === 0) return
    await lookUp(services, account, waiting)
    await noteLooked(services.store.prisma, waiting.ids)
  },
}

/** Edits that nobody has told of are named by the versions that are shown, and then asked for, too. */
async function lookUp(
  { x, calls, inbox }: Pick<SourceServices, 'x' | 'calls' | 'inbox'>,
  account: PolledAccount,
  { versionIds, askedAt }: Pick<NextPosts, 'versionIds' | 'askedAt'>,
  again = false,
): Promise<void> {
  const answer = await calls.use(account.id, deletions.endpoint, (token) => x.posts(versionIds, token))
  const found = parseLookup(answer.body, askedAt, account.xUserId)
  if (!found) throw new XError('UNAVAILABLE', 'deletions: the answer is not one of X')
  await inbox.deliver({ source: deletions.name, ...shownAt(found, answer.rateLimit?.asOf) })
  const newer = newerVersions(answer.body)
  if (newer.length > 0 && !again) await lookUp({ x, calls, inbox }, account, { versionIds: newer, askedAt }, true)
}

/** The posts that wait and are to be looked at. */
async function nextWaiting({ store }: SourceServices, { id: accountId }: PolledAccount) {
  const rows = await store.prisma.$queryRaw<{ id: string; versionId: string; now: Date }[]>`
    SELECT id, coalesce(version_id, id) AS "versionId", clock_timestamp() AS now FROM incoming_post
    WHERE account_id = ${accountId}::uuid AND state = 'WAITING' AND look_due_at < now()
    ORDER BY look_due_at LIMIT ${MAX_IDS}`
  return {
    ids: rows.map(({ id }) => id),
    versionIds: rows.map(({ versionId }) => versionId),
    askedAt: rows[0]?.now ?? new Date(),
  }
}

interface NextPosts {
  readonly versionIds: readonly string[]
  /** The last ticket that is looked at whole: its number. */
  readonly lastNumber: number
  /** Now, by the database's clock: what X does not find is gone since then at the latest. */
  readonly askedAt: Date
}

/** The posts after the last ticket that was looked at, of tickets and posts of the last 30 days. */
async function nextPosts({ store }: SourceServices, { id: accountId }: PolledAccount): Promise<NextPosts> {
  const [cursor] = await store.prisma.$queryRaw<{ now: Date; sinceId: string | null }[]>`
    SELECT clock_timestamp() AS now, (
      SELECT since_id FROM source_cursor WHERE account_id = ${accountId}::uuid AND source = 'deletions'
    ) AS "sinceId"`
  if (!cursor) throw new Error('a query without a table gave no row')
  const after = Number(cursor.sinceId ?? 0)
  const rows = await store.prisma.$queryRaw<{ number: number; id: string }[]>`
    SELECT t.number, coalesce(c.version_id, c.external_id) AS id
    FROM ticket t JOIN comment c ON c.ticket_id = t.id
    WHERE t.number > ${after} AND t.account_id = ${accountId}::uuid AND t.status <> 'CLOSED'
      AND t.updated_at > now() - interval '30 days'
      AND c.channel = 'X_POST' AND c.external_id IS NOT NULL AND c.deleted_at IS NULL
      -- The newest were read just now.
      AND c.posted_at > now() - interval '30 days' AND c.created_at < now() - interval '1 hour'
    ORDER BY t.number, c.posted_at DESC LIMIT ${MAX_IDS}`
  const last = rows.at(-1)?.number ?? after
  const first = rows[0]?.number
  // The last ticket may go on behind the hundredth post: it is begun anew, unless it fills the whole call.
  const cut = rows.length === MAX_IDS && first !== last
  const whole = cut ? rows.filter(({ number }) => number !== last) : rows
  return { versionIds: whole.map(({ id }) => id), lastNumber: whole.at(-1)?.number ?? after, askedAt: cursor.now }
}

async function keep({ store }: SourceServices, { id }: PolledAccount, lastNumber: number): Promise<void> {
  const sinceId = String(lastNumber)
  await store.prisma.$executeRaw`
    INSERT INTO source_cursor (account_id, source, since_id, synced_at) VALUES (${id}::uuid, 'deletions', ${sinceId}, NULL)
    ON CONFLICT (account_id, source) DO UPDATE SET since_id = excluded.since_id`
}

/** All were looked at, but for what is new: the next time round begins a day after this one ended. */
async function finishCycle({ store }: SourceServices, { id }: PolledAccount): Promise<void> {
  await store.prisma.$executeRaw`
    INSERT INTO source_cursor AS c (account_id, source, since_id, synced_at) VALUES (${id}::uuid, 'deletions', '0', now())
    ON CONFLICT (account_id, source) DO UPDATE SET
      since_id = CASE WHEN c.synced_at IS NULL THEN c.since_id ELSE '0' END, synced_at = now()
    -- In the future: before the database's clock went back.
    WHERE c.synced_at IS NULL OR c.synced_at NOT BETWEEN now() - interval '24 hours' AND now()`
}
