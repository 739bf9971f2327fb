import { type Logger, pino } from 'pino'

/** A real logger whose lines can be looked at. */
export function logLines(): { logger: Logger; lines: string[]; matching(pattern: RegExp): string[] } {
  const lines: string[] = []
  const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) })
  return { logger, lines, matching: (pattern) => lines.filter((line) => pattern.test(line)) }
}
