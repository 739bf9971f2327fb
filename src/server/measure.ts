import { type DocumentNode, type FragmentDefinitionNode, Kind, type SelectionSetNode } from 'graphql'

/** The shape of an operation, fragments followed; what the structural limits look at. */
export interface Shape {
  readonly depth: number
  readonly introspectionDepth: number
  readonly aliases: number
  readonly rootFields: number
  /** Names of the root fields, without aliases. */
  readonly roots: ReadonlySet<string>
}

interface Part {
  readonly depth: number
  readonly introspectionDepth: number
  readonly aliases: number
  readonly fields: number
  readonly names: ReadonlySet<string>
}

const NOTHING: Part = { depth: 0, introspectionDepth: 0, aliases: 0, fields: 0, names: new Set() }

/**
 * Measures each operation of a document, in its order, before the costly validation rules run. Linear in the document:
 * a fragment is measured once however often it is spread, and one that spreads itself counts as nothing
 * (validation refuses it). It recurses as deep as the document nests, which the token limit bounds.
 */
export function measure(document: DocumentNode): readonly Shape[] {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition)
  }
  const known = new Map<string, Part>()

  const spread = (name: string): Part => {
    const seen = known.get(name)
    if (seen) return seen
    known.set(name, NOTHING)
    const fragment = fragments.get(name)
    const part = fragment ? selections(fragment.selectionSet) : NOTHING
    known.set(name, part)
    return part
  }

  const selections = (set: SelectionSetNode): Part => {
    let { depth, introspectionDepth, aliases, fields } = NOTHING
    const names = new Set<string>()
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) {
        const inner = selection.selectionSet ? selections(selection.selectionSet) : NOTHING
        const name = selection.name.value
        fields += 1
        names.add(name)
        aliases += inner.aliases + (selection.alias ? 1 : 0)
        if (name === '__schema' || name === '__type') {
          depth = Math.max(depth, 1)
          introspectionDepth = Math.max(introspectionDepth, inner.depth)
        } else {
          depth = Math.max(depth, 1 + inner.depth)
          introspectionDepth = Math.max(introspectionDepth, inner.introspectionDepth)
        }
      } else {
        const inner =
          selection.kind === Kind.FRAGMENT_SPREAD ? spread(selection.name.value) : selections(selection.selectionSet)
        depth = Math.max(depth, inner.depth)
        introspectionDepth = Math.max(introspectionDepth, inner.introspectionDepth)
        aliases += inner.aliases
        fields += inner.fields
        for (const name of inner.names) names.add(name)
      }
    }
    return { depth, introspectionDepth, aliases, fields, names }
  }

  return document.definitions.flatMap((definition) => {
    if (definition.kind !== Kind.OPERATION_DEFINITION) return []
    const { depth, introspectionDepth, aliases, fields, names } = selections(definition.selectionSet)
    return [{ depth, introspectionDepth, aliases, rootFields: fields, roots: names }]
  })
}

/** Whether a JSON value nests deeper than `max`. Walks with a stack of its own, so depth costs no call stack. */
export function nestsDeeperThan(value: unknown, max: number): boolean {
  const waiting: { value: unknown; depth: number }[] = [{ value, depth: 0 }]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (typeof next.value !== 'object' || next.value === null) continue
    if (next.depth >= max) return true
    for (const inner of Object.values(next.value)) waiting.push({ value: inner, depth: next.depth + 1 })
  }
  return false
}
