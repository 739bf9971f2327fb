import { z } from 'zod'

const date = z.iso.date()
const time = z.iso.datetime({ offset: true })

/** The moment that a date (its beginning, UTC) or a time with its zone names, as GraphQL's DateTime. */
export function momentOf(text: string): string | undefined {
  if (date.safeParse(text).success) return `${text}T00:00:00.000Z`
  // Seconds may be left out.
  const full = text.toUpperCase().replace(/T(\d\d:\d\d)(?=Z|[+-])/, 'T$1:00')
  return time.safeParse(full).success ? new Date(full).toISOString() : undefined
}
