import type { Api } from '../api.ts'
import { CommandError, EXIT } from '../outcome.ts'
import { type FilterOptions, type ParsedFilter, parseFilter } from './compile.ts'
import type { Directory } from './directory.ts'
import { FilterError } from './filter-error.ts'
import { lookUp } from './look-up.ts'
import type { TicketFilter } from './ticket-filter.ts'

/** The text of `--filter`, before anybody is asked. Throws CommandError, which points at the column. */
export function readFilterOption(source: string, options: FilterOptions = {}): ParsedFilter {
  return pointing(() => parseFilter(source, options))
}

/** The input that it means, with names looked up by others. Throws CommandError. */
export const filterInput = (filter: ParsedFilter, directory: Directory): TicketFilter =>
  pointing(() => filter.toInput(directory))

/** The input that the text means; asks for the names in it. Throws CommandError. */
export async function filterFrom(api: Api, source: string, options: FilterOptions): Promise<TicketFilter> {
  const filter = readFilterOption(source, options)
  return filterInput(filter, await lookUp(api, filter.names))
}

function pointing<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof FilterError)) throw error
    throw new CommandError(`--filter, ${error.message}`, EXIT.usage)
  }
}
