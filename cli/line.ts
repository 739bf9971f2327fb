import type { NewTicket } from './follow.ts'
import { cells, graphemes, widthOf } from './width.ts'

const CHANNELS: Readonly<Record<string, string>> = { X_CORP: 'post', X_CORP_DM: 'DM', X_CORP_LIKE: 'like' }

/** One aligned line about a ticket: time, number, who, channel, subject. No wider than `columns`, when given. */
export function lineOf({ at, ticket }: NewTicket, columns?: number): string {
  const time = new Date(at).toTimeString().slice(0, 8)
  const line = ticket
    ? [
        time,
        `#${ticket.number}`.padEnd(6),
        pad(plain(whoIs(ticket.requester)), 17),
        (CHANNELS[ticket.channel] ?? ticket.channel).padEnd(4),
        plain(ticket.subject),
      ].join('  ')
    : `${time}  (a ticket that is gone since)`
  return columns === undefined ? line : cut(line, columns)
}

const whoIs = ({ name, xProfile }: { name: string; xProfile: { username: string } | null }) =>
  xProfile ? `@${xProfile.username}` : name

/** On one line, and without control and bidirectional characters: a post must not write elsewhere on the terminal. */
export const plain = (text: string): string => text.replace(/[\s\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim()

const pad = (text: string, columns: number): string => text + ' '.repeat(Math.max(0, columns - widthOf(text)))

function cut(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line
  let room = columns - 1
  let kept = ''
  for (const { segment } of graphemes(line)) {
    room -= cells(segment)
    if (room < 0) break
    kept += segment
  }
  return `${kept}…`
}
