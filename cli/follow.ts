import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'graphql-ws'
import { z } from 'zod'
import { askOnce, followLog, PositionExpired } from './follow-log.ts'

const created = z.object({
  position: z.string(),
  at: z.string(),
  ticket: z
    .object({
      id: z.string(),
      number: z.number(),
      subject: z.string(),
      status: z.string(),
      channel: z.string(),
      createdAt: z.string(),
      requester: z.object({ name: z.string(), xProfile: z.object({ username: z.string() }).nullable() }),
    })
    .nullable(),
})

/** A payload of `ticketCreated`. */
export type NewTicket = z.infer<typeof created>

const SUBSCRIPTION = `subscription ($after: Position) {
  ticketCreated(after: $after) {
    position
    at
    ticket { id number subject status channel createdAt requester { name xProfile { username } } }
  }
}`
const PAUSE_MS = 1_000

export interface FollowOptions {
  /** Begin behind this position; not given: from now on. */
  readonly after: string | undefined
  readonly onTicket: (created: NewTicket) => void
  readonly say: (sentence: string) => void
}

/** Tells of every new ticket, each once and in order. Never resolves; rejects with one sentence when going on is no use. */
export async function followTickets(client: Client, { after, onTicket, say }: FollowOptions): Promise<never> {
  let position = after
  for (;;) {
    try {
      // Asked for first, so that nothing is lost when the connection breaks before the first ticket.
      position ??= (await askOnce(client, end, 'query { tickets(first: 1) { position } }')).tickets.position
      await followLog(client, {
        query: SUBSCRIPTION,
        after: position,
        take: (data) => {
          const { ticketCreated } = z.object({ ticketCreated: created }).parse(data)
          onTicket(ticketCreated)
          position = ticketCreated.position
          return ticketCreated
        },
      })
      await sleep(PAUSE_MS)
    } catch (error) {
      if (!(error instanceof PositionExpired)) throw error
      say(
        'Perch no longer has what came after the last position: going on from now; some tickets may not have been shown.',
      )
      position = undefined
    }
  }
}

const end = z.object({ tickets: z.object({ position: z.string() }) })
