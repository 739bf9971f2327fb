import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { stringify } from 'csv-stringify'
import { CommandError } from '../outcome.ts'
import type { FailedItem } from './jobs.ts'

/**
 * A report that is written when all is over. Its file is opened before anything begins, and what is in it from before
 * stays until there is something to take its place.
 */
export interface Report {
  /** A line for each item. Gives how many. */
  write(items: AsyncIterable<FailedItem>): Promise<number>
}

/** Opens the file, or makes it. Throws CommandError. */
export async function openReport(path: string): Promise<Report> {
  const file = await open(path, 'a').catch((error: Error) => {
    throw new CommandError(`The report cannot be written: ${error.message}`)
  })
  return {
    async write(items) {
      let count = 0
      const rows = async function* () {
        for await (const { ticketId, ticket, outcome, errors } of items) {
          count++
          const texts = (key: 'code' | 'message') => errors.map((error) => error[key]).join('; ')
          yield [ticketId, ticket?.number ?? '', outcome, texts('code'), texts('message')]
        }
      }
      await file.truncate()
      const csv = stringify({
        header: true,
        columns: ['ticketId', 'number', 'outcome', 'code', 'message'],
        // A cell that begins with = + - @ would be a formula to a spreadsheet (OWASP, CSV injection).
        escape_formulas: true,
      })
      await pipeline(rows, csv, file.createWriteStream())
      return count
    },
  }
}
