import { listed } from '../filter/compile.ts'
import type { Directory, Name } from '../filter/directory.ts'
import { PRIORITIES, STATUSES } from '../filter/ticket-filter.ts'
import { CommandError, EXIT } from '../outcome.ts'

/** The input BulkPatchInput of the schema. */
export interface Patch {
  status?: string
  priority?: string
  assigneeId?: string | null
  groupId?: string | null
  tags?: readonly string[]
  addTags?: readonly string[]
  removeTags?: readonly string[]
  comment?: string
  reply?: { readonly body: string; readonly ticketLink?: boolean }
}

export interface PatchOptions {
  readonly set?: readonly string[] | undefined
  readonly 'add-tag'?: readonly string[] | undefined
  readonly 'remove-tag'?: readonly string[] | undefined
  readonly comment?: string | undefined
  readonly reply?: string | undefined
  readonly 'ticket-link'?: boolean | undefined
}

/** What to change, whose names are still to be found. */
export interface ParsedPatch {
  readonly names: readonly Name[]
  /** Throws CommandError at a name that the directory does not find. */
  toInput(directory: Directory): Patch
}

type Setting = (value: string) => { readonly patch: Patch } | { readonly key: 'assigneeId' | 'groupId'; name: Name }

const isNone = (value: string): boolean => value.toLowerCase() === 'none'
const SETTINGS: Readonly<Record<string, Setting>> = {
  status: (value) => ({ patch: { status: oneOf('status', STATUSES, value) } }),
  // F67: a priority can be changed, never taken away.
  priority: (value) => ({ patch: { priority: oneOf('priority', PRIORITIES, value) } }),
  assignee: (value) =>
    isNone(value) ? { patch: { assigneeId: null } } : { key: 'assigneeId', name: { kind: 'agent', text: value } },
  group: (value) =>
    isNone(value) ? { patch: { groupId: null } } : { key: 'groupId', name: { kind: 'group', text: value } },
  tags: (value) => ({ patch: { tags: isNone(value) ? [] : value.split(',').flatMap((tag) => tag.trim() || []) } }),
}

const CLEARABLE: readonly string[] = ['assignee', 'group', 'tags']

/** Reads the options that say what to change. Throws CommandError. */
export function readPatch(options: PatchOptions): ParsedPatch {
  const { comment, reply } = options
  const fixed: Patch = {
    ...(options['add-tag'] && { addTags: options['add-tag'] }),
    ...(options['remove-tag'] && { removeTags: options['remove-tag'] }),
    ...(comment !== undefined && { comment }),
    ...(reply !== undefined && { reply: { body: reply, ...(options['ticket-link'] && { ticketLink: true }) } }),
  }
  if (options['ticket-link'] && reply === undefined) throw wrong('--ticket-link goes with --reply.')
  const found: { readonly key: 'assigneeId' | 'groupId'; readonly name: Name; readonly field: string }[] = []
  const seen = new Set<string>()
  for (const text of options.set ?? []) {
    const at = text.indexOf('=')
    const field = text.slice(0, Math.max(0, at)).trim().toLowerCase()
    const setting = Object.hasOwn(SETTINGS, field) ? SETTINGS[field] : undefined
    if (!setting) throw wrong(`--set takes field=value, with a field of ${listed(Object.keys(SETTINGS))}.`)
    if (seen.has(field)) throw wrong(`--set ${field} is given twice.`)
    seen.add(field)
    const value = text.slice(at + 1).trim()
    // A script whose variable is not set must not take anything away from thousands of tickets.
    if (value === '')
      throw wrong(`--set ${field} has no value.${CLEARABLE.includes(field) ? ' To take it away, say none.' : ''}`)
    const read = setting(value)
    if ('patch' in read) Object.assign(fixed, read.patch)
    else found.push({ ...read, field })
  }
  if (Object.keys(fixed).length === 0 && found.length === 0)
    throw wrong('Say what to change: --set, --add-tag, --remove-tag, --comment or --reply.')
  return {
    names: found.map(({ name }) => name),
    toInput: (directory) => {
      const patch = { ...fixed }
      for (const { key, name, field } of found) {
        const answer = directory.find(name)
        if ('wrong' in answer) throw wrong(`--set ${field}: ${answer.wrong}`)
        patch[key] = answer.id
      }
      return patch
    },
  }
}

function oneOf(field: string, known: readonly string[], value: string): string {
  const found = known.find((name) => name === value.toUpperCase())
  if (found === undefined) throw wrong(`--set ${field}: expected ${listed(known)}.`)
  return found
}

const wrong = (message: string) => new CommandError(message, EXIT.usage)
