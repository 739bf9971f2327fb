import type pg from 'pg'
import { v7 as uuid } from 'uuid'
import { subjectOf } from '../src/domain/subject.ts'
import type { ReceivedPost } from '../src/ingest/item.ts'
import { copyIn, copyText } from './copy.ts'

/*
 * The bare limit: what a good engineer would send by hand, who knows every answer before. The rows of the tickets, the
 * comments and the events are copied straight into their tables; profiles and users, which may be there already, go
 * through a temporary table and an upsert. One transaction a batch, with the same durable commit. Nothing is decided,
 * nobody else's work is minded, nothing is read back; whose ticket a reply belongs to was looked up before the clock ran.
 */

/** A batch whose rows only need to be sent. */
export interface BareBatch {
  readonly people: string
  readonly tickets: string
  readonly comments: string
  /** Ticket ids and how many comments each got more. */
  readonly added: string
  /** Everything of an event but its offset. */
  readonly events: readonly string[]
}

interface Known {
  readonly ticketId: string
  readonly userId: string
}

/** Makes batches of posts into rows; remembers the tickets, so that replies find theirs. */
export function bareBatches(accountId: string): (posts: readonly ReceivedPost[]) => BareBatch {
  const known = new Map<string, Known>()
  return (posts) => {
    const people: string[][] = []
    const tickets: string[][] = []
    const comments: string[][] = []
    const events: string[] = []
    const added = new Map<string, number>()
    const opened = new Set<string>()
    for (const { post, author } of posts) {
      const before = known.get(post.conversationId)
      const { ticketId, userId } = before ?? { ticketId: uuid(), userId: uuid() }
      const commentId = uuid()
      if (before) {
        if (!opened.has(ticketId)) added.set(ticketId, (added.get(ticketId) ?? 0) + 1)
      } else {
        known.set(post.conversationId, { ticketId, userId })
        opened.add(ticketId)
        people.push(
          [
            userId,
            author.id,
            author.username,
            author.name,
            author.avatarUrl,
            String(author.followersCount),
            String(author.postsCount),
            String(author.verified),
            author.verifiedType,
            'false',
          ].map(String),
        )
        tickets.push([ticketId, subjectOf(post.text), 'X_CORP', accountId, userId, post.conversationId, post.id, '1'])
      }
      comments.push([commentId, ticketId, userId, 'INBOUND', 'PUBLIC', 'X_POST', post.text, post.id, post.postedAt])
      const ticket = {
        id: ticketId,
        number: 1_000_000,
        status: 'NEW',
        priority: null,
        channel: 'X_CORP',
        accountId,
        requesterId: userId,
        assigneeId: null,
        groupId: null,
        tags: [],
      }
      const body = before
        ? {
            type: 'comment.created',
            ticket,
            comment: { id: commentId, authorId: userId, direction: 'INBOUND', visibility: 'PUBLIC' },
          }
        : { type: 'ticket.created', ticket, commentId }
      events.push(
        copyText([
          [body.type, JSON.stringify({ kind: 'requester', id: userId }), ticketId, accountId, JSON.stringify(body)],
        ]),
      )
    }
    return {
      people: copyText(people),
      tickets: copyText(tickets),
      comments: copyText(comments),
      added: copyText([...added].map(([id, count]) => [id, count])),
      events,
    }
  }
}

/** Once for each connection that sends batches. */
export async function prepareBare(client: pg.ClientBase): Promise<void> {
  await client.query(`
    CREATE TEMPORARY TABLE person (user_id uuid, id text, username text, name text, avatar_url text, followers_count int,
      posts_count int, verified boolean, verified_type text, protected boolean) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE added (id uuid, count int) ON COMMIT DELETE ROWS`)
}

/** One batch, one transaction. */
export async function sendBare(client: pg.ClientBase, batch: BareBatch): Promise<void> {
  await client.query('BEGIN')
  await copyIn(client, 'person', batch.people)
  await client.query(`
    INSERT INTO x_profile AS p (id, username, name, avatar_url, followers_count, posts_count, verified, verified_type,
                                protected)
    SELECT id, username, name, avatar_url, followers_count, posts_count, verified, verified_type, protected FROM person
    ON CONFLICT (id) DO UPDATE SET
      username = excluded.username, name = excluded.name, avatar_url = excluded.avatar_url,
      followers_count = excluded.followers_count, posts_count = excluded.posts_count, verified = excluded.verified,
      verified_type = excluded.verified_type, protected = excluded.protected, updated_at = now();
    INSERT INTO "user" (id, role, name, x_profile_id) SELECT user_id, 'END_USER', name, id FROM person
    ON CONFLICT (x_profile_id) DO NOTHING`)
  await copyIn(
    client,
    'ticket (id, subject, channel, account_id, requester_id, thread_key, source_post_id, comment_count)',
    batch.tickets,
  )
  await copyIn(
    client,
    'comment (id, ticket_id, author_id, direction, visibility, channel, body, external_id, posted_at)',
    batch.comments,
  )
  if (batch.added !== '') {
    await copyIn(client, 'added', batch.added)
    await client.query(`UPDATE ticket t SET comment_count = t.comment_count + a.count, updated_at = now()
      FROM added a WHERE t.id = a.id`)
  }
  const { rows } = await client.query<{ first: string }>(
    `UPDATE event_log_head SET head = head + ${batch.events.length} RETURNING head - ${batch.events.length} + 1 AS first`,
  )
  const first = Number(rows[0]?.first)
  await copyIn(
    client,
    'event ("offset", type, actor, ticket_id, account_id, data)',
    batch.events.map((event, place) => `${first + place}\t${event}`).join(''),
  )
  await client.query('COMMIT')
}
