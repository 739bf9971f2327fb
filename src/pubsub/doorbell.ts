import { z } from 'zod'
import { logEventSchema } from '../domain/event.ts'
import type { Doorbell } from './bus.ts'

/** The form of the message on the wire. A process that meets another version drops the bell and relies on its poll of the log. */
const DOORBELL_VERSION = 1

/** Above this size, in bytes, a bell goes without its events: the log is cheaper to read than Redis is to clog. */
export const MAX_DOORBELL_BYTES = 256 * 1024

const doorbellSchema = z
  .object({
    v: z.literal(DOORBELL_VERSION),
    epoch: z.string().min(1).max(64),
    head: z.number().int().nonnegative(),
    events: z.array(logEventSchema).min(1).optional(),
  })
  .refine(
    ({ head, events }) =>
      events === undefined || events.every((event, i) => event.offset === head - events.length + 1 + i),
    {
      error: 'the events must be contiguous and end at the head',
    },
  )

/** The message for the wire. Events that do not fit into MAX_DOORBELL_BYTES are left out. */
export function encodeDoorbell(bell: Doorbell): string {
  const envelope = `{"v":${DOORBELL_VERSION},"epoch":${JSON.stringify(bell.epoch)},"head":${bell.head}`
  const events = bell.events?.length ? encodeEvents(bell.events, MAX_DOORBELL_BYTES - envelope.length) : undefined
  return events === undefined ? `${envelope}}` : `${envelope},"events":[${events}]}`
}

/** Event by event, so that a bulk change of 100,000 events is given up after 256 KiB and not built first. */
function encodeEvents(events: NonNullable<Doorbell['events']>, room: number): string | undefined {
  const parts: string[] = []
  let left = room - ',"events":[]}'.length
  for (const event of events) {
    const part = JSON.stringify(event)
    left -= Buffer.byteLength(part) + 1
    if (left < 0) return undefined
    parts.push(part)
  }
  return parts.join(',')
}

/** The bell, or undefined when the text is not one of this version. Never throws. */
export function decodeDoorbell(text: string): Doorbell | undefined {
  if (text.length > MAX_DOORBELL_BYTES) return undefined
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return undefined
  }
  const parsed = doorbellSchema.safeParse(json)
  if (!parsed.success) return undefined
  const { epoch, head, events } = parsed.data
  return events === undefined ? { epoch, head } : { epoch, head, events }
}
