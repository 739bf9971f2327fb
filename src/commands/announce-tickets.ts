import type { App } from '../app.ts'

/** Lines printed for one batch of events; a flood is counted instead of shown. */
const MOST_LINES = 10

/** Prints a readable line for each new ticket, until `signal` aborts. */
export async function announceTickets(
  { feed, store }: Pick<App, 'feed' | 'store'>,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const { events } of feed.events(undefined, signal)) {
      const ids = events.flatMap(({ body }) => (body.type === 'ticket.created' ? [body.ticket.id] : []))
      const tickets = await store.prisma.ticket.findMany({
        where: { id: { in: ids.slice(0, MOST_LINES) } },
        orderBy: { number: 'asc' },
        select: {
          number: true,
          subject: true,
          createdAt: true,
          requester: { select: { name: true, xProfile: { select: { username: true } } } },
          comments: { select: { postedAt: true }, orderBy: { postedAt: 'asc' }, take: 1 },
        },
      })
      for (const { number, subject, createdAt, requester, comments } of tickets) {
        const who = requester.xProfile ? `@${requester.xProfile.username}` : requester.name
        const posted = comments[0]?.postedAt
        const delay = posted ? `  (${age(createdAt.getTime() - posted.getTime())} after the post)` : ''
        const time = createdAt.toTimeString().slice(0, 8)
        say(shorten(`  ${time}  #${String(number).padEnd(5)} ${who.padEnd(18)} ${subject}${delay}`))
      }
      if (ids.length > MOST_LINES) say(`  … and ${ids.length - MOST_LINES} more`)
    }
  } catch (error) {
    if (!signal.aborted)
      say(`  New tickets are no longer shown here: ${error instanceof Error ? error.message : error}`)
  }
}

/** A line that a terminal does not wrap; elsewhere whole. */
function shorten(line: string): string {
  const { columns } = process.stdout
  return columns && line.length > columns ? `${line.slice(0, columns - 1)}…` : line
}

/** Milliseconds in the unit that says something. */
function age(ms: number): string {
  return ms < 1_000 ? `${Math.max(ms, 0)} ms` : `${(ms / 1_000).toFixed(1)} s`
}
