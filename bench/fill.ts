import type pg from 'pg'

/*
 * A table that a deployment has after months: tickets of 300 days (uuidv7 ids in their order), every second with a reply,
 * four fifths of them of people who came once, most of them closed. By statements over sets, with the indexes made anew
 * behind them; then VACUUM ANALYZE, as autovacuum would have done long ago. Events are those of the last 5% of the comments: a
 * log is pruned.
 */

/** `count` tickets of one account, and half as many posts that wait, in tables that are empty. */
export async function fill(client: pg.ClientBase, accountId: string, count: number): Promise<void> {
  await client.query(`SET maintenance_work_mem = '256MB'`)
  await client.query('SELECT setseed(0.25)')
  await client.query(`CREATE TEMPORARY TABLE phrase AS
    SELECT n % 5000 AS place, string_agg('w' || to_hex((power(random(), 3) * 20000)::int), ' ') AS words
    FROM generate_series(1, 25000) AS n GROUP BY n % 5000`)
  const indexes = await dropIndexes(client)
  // Foreign keys are triggers: what is made here needs none of them.
  await client.query(`SET session_replication_role = replica`)
  await client.query(
    `CREATE TEMPORARY TABLE seed AS
     SELECT n, uuidv7(-age) AS ticket_id, now() - age AS at, (n * 4 / 5) AS person,
            CASE n % 20 WHEN 0 THEN 'NEW' WHEN 1 THEN 'OPEN' WHEN 2 THEN 'OPEN' WHEN 3 THEN 'PENDING'
                        WHEN 4 THEN 'SOLVED' WHEN 5 THEN 'SOLVED' ELSE 'CLOSED' END::"TicketStatus" AS status,
            a.words || ' ' || b.words || ' ' || c.words || ' ' || d.words AS text
     FROM (SELECT n, interval '300 days' * (1 - n::float8 / $1::int) + interval '1 minute' AS age,
                  n::bigint * 2654435761 % 4294967296 AS mixed
           FROM generate_series(1, $1::int) AS n) AS numbers
     JOIN phrase a ON a.place = mixed % 5000 JOIN phrase b ON b.place = mixed / 8 % 5000
     JOIN phrase c ON c.place = mixed / 64 % 5000 JOIN phrase d ON d.place = mixed / 512 % 5000`,
    [count],
  )
  await client.query('CREATE INDEX ON seed (person)')
  await client.query(`
    WITH people AS (
      SELECT DISTINCT ON (person) person, ${personId('person')} AS x_id, at
      FROM seed ORDER BY person, n
    ), profiles AS (
      INSERT INTO x_profile (id, username, name, avatar_url, followers_count, posts_count)
      SELECT x_id, 'user_' || right(x_id, 9), 'Person ' || right(x_id, 6),
             'https://pbs.twimg.com/profile_images/' || x_id || '/a_normal.jpg', person % 5000, person % 20000
      FROM people
    )
    INSERT INTO "user" (id, role, name, x_profile_id, created_at)
    SELECT md5(x_id)::uuid, 'END_USER', 'Person ' || right(x_id, 6), x_id, at FROM people`)
  await client.query(
    `INSERT INTO ticket (id, subject, status, channel, account_id, requester_id, thread_key, source_post_id, tags,
                         comment_count, created_at, updated_at)
     SELECT ticket_id, left(text, 80), status, 'X_CORP', $1, ${userOf('person')}, post_id, post_id,
            CASE WHEN n % 3 = 0 THEN ARRAY['tag' || n % 50] ELSE '{}' END, 1 + n % 2, at, at
     FROM (SELECT *, ${postId()} AS post_id FROM seed) AS s ORDER BY n`,
    [accountId],
  )
  await client.query(`
    INSERT INTO comment (id, ticket_id, author_id, direction, visibility, channel, body, external_id, posted_at, created_at)
    SELECT gen_random_uuid(), ticket_id, ${userOf('person')}, 'INBOUND', 'PUBLIC', 'X_POST', '@acme ' || text,
           (${postId()}::bigint + reply)::text, at, at
    FROM seed, LATERAL generate_series(0, n % 2) AS reply ORDER BY n, reply`)
  await client.query(
    `INSERT INTO incoming_post (id, account_id, author_id, conversation_id, text, state, reason, posted_at, received_at)
     SELECT (${postId()}::bigint + 2)::text, $1, ${personId('person')}, ${postId()}, text, 'WAITING', 'CAPTURE_OFF', at, at
     FROM seed WHERE n % 2 = 0 ORDER BY n`,
    [accountId],
  )
  await client.query(
    `WITH made AS (
       SELECT row_number() OVER (ORDER BY n) AS place, ticket_id, person, at FROM seed WHERE n > $2::int * 0.95
     ), head AS (UPDATE event_log_head SET head = head + (SELECT count(*) FROM made) RETURNING head - (SELECT count(*) FROM made) AS before)
     INSERT INTO event ("offset", type, at, actor, ticket_id, account_id, data)
     SELECT before + place, 'ticket.created', at, jsonb_build_object('kind', 'requester', 'id', ${userOf('person')}),
            ticket_id, $1::text::uuid,
            jsonb_build_object('type', 'ticket.created', 'commentId', NULL, 'ticket', jsonb_build_object(
              'id', ticket_id, 'number', place, 'status', 'NEW', 'priority', NULL, 'channel', 'X_CORP', 'accountId', $1::text,
              'requesterId', ${userOf('person')}, 'assigneeId', NULL, 'groupId', NULL, 'tags', '[]'::jsonb))
     FROM made, head ORDER BY place`,
    [accountId, count],
  )
  // What a trigger would have done.
  await client.query(`INSERT INTO ticket_words (ticket_id, words)
    SELECT id, to_tsvector('simple', subject) FROM ticket ON CONFLICT DO NOTHING`)
  await client.query('DROP TABLE seed; DROP TABLE phrase; SET session_replication_role = origin')
  for (const definition of indexes) await client.query(definition)
  await client.query('VACUUM ANALYZE')
}

/** In order of time, before every post that bench/corpus.ts makes; with room for the replies. */
const postId = () => '(1900000000000000000 + n::bigint * 4194304)::text'
const personId = (person: string) => `((${person}::bigint * 2654435761) % 4294967296 * 4194304 + 2)::text`
/** What `md5(x_id)` was when the person was made. */
const userOf = (person: string) => `md5(${personId(person)})::uuid`

/** Drops the indexes that a set-based fill would have to keep, but primary keys. Gives what makes them again. */
async function dropIndexes(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ name: string; definition: string }>(`
    SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index
    WHERE indrelid IN ('ticket'::regclass, 'comment'::regclass, 'incoming_post'::regclass, '"user"'::regclass, 'x_profile'::regclass)
      AND NOT indisprimary`)
  for (const { name } of rows) await client.query(`DROP INDEX ${name}`)
  return rows.map(({ definition }) => definition)
}
