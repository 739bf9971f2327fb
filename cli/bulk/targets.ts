import { readFile } from 'node:fs/promises'
import { text as textOf } from 'node:stream/consumers'
import { z } from 'zod'
import type { Api } from '../api.ts'
import type { Directory, Name } from '../filter/directory.ts'
import { filterInput, readFilterOption } from '../filter/filter-option.ts'
import type { TicketFilter } from '../filter/ticket-filter.ts'
import { CommandError, EXIT } from '../outcome.ts'

/** Tickets that one call can name: the schema's limit. */
const MOST_IDS = 1_000

/** Which tickets, whose names are still to be found. */
export interface Targets {
  readonly names: readonly Name[]
  /** Throws CommandError at a name that the directory does not find. */
  toInput(directory: Directory): { readonly ids: readonly string[] } | { readonly filter: TicketFilter }
}

interface TargetOptions {
  readonly filter?: string | undefined
  readonly ids?: string | undefined
  readonly all?: boolean | undefined
}

/** Reads the options that say which tickets, and the file of ids. Throws CommandError. */
export async function readTargets({ filter, ids, all }: TargetOptions): Promise<Targets> {
  if ([filter, ids, all].filter((given) => given !== undefined).length !== 1)
    throw new CommandError('Say which tickets, in one way: --filter FILTER, --ids FILE or --all.', EXIT.usage)
  if (ids !== undefined) {
    const named = await readIds(ids)
    return { names: [], toInput: () => ({ ids: named }) }
  }
  const parsed = readFilterOption(filter ?? '')
  // A script whose variable is not set must not change every ticket that there is.
  if (parsed.empty && !all) throw new CommandError('--filter is empty. For all tickets, say --all.', EXIT.usage)
  return { names: parsed.names, toInput: (directory) => ({ filter: filterInput(parsed, directory) }) }
}

async function readIds(path: string): Promise<string[]> {
  const text = await (path === '-' ? textOf(process.stdin) : readFile(path, 'utf8')).catch((error: Error) => {
    throw new CommandError(`The ids cannot be read: ${error.message}`)
  })
  const ids = [...new Set(text.split(/\r?\n/).flatMap((line) => line.trim() || []))]
  if (ids.length === 0) throw new CommandError('There are no ids to read.', EXIT.usage)
  if (ids.length > MOST_IDS)
    throw new CommandError(
      `${ids.length} ids: a call takes at most ${MOST_IDS}. Split the file, or use --filter.`,
      EXIT.usage,
    )
  return ids
}

/** How many tickets there are. Throws CommandError. */
export async function countTickets(api: Api, target: ReturnType<Targets['toInput']>): Promise<number> {
  if ('ids' in target) return target.ids.length
  const form = z.object({ tickets: z.object({ totalCount: z.number() }) })
  const query = 'query ($filter: TicketFilter) { tickets(first: 1, filter: $filter) { totalCount } }'
  return (await api.ask(form, query, { filter: target.filter })).tickets.totalCount
}
