import { queryFromInfo } from '@pothos/plugin-prisma'
import { type FieldNode, type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql'
import type PrismaTypes from '../generated/pothos.ts'
import type { Context } from './context.ts'

/** The columns and relations to read of a model. */
export interface Selection<Model extends keyof PrismaTypes> {
  readonly include?: PrismaTypes[Model]['Include']
  readonly select?: PrismaTypes[Model]['Select']
}

/**
 * What the operation asks of the objects of a type at these paths under the field of `info`. Also tells Pothos that
 * it is there, so that the relations are not read again one by one.
 */
export function selectionFor<Model extends keyof PrismaTypes>(
  model: Model,
  context: Context,
  info: GraphQLResolveInfo,
  paths: string[][],
): Selection<Model> {
  const { include, select } = queryFromInfo({ context, info, typeName: model, paths })
  return { ...(include && { include }), ...(select && { select }) }
}

/**
 * The fields selected under the field that `info` resolves, along a path of field names; fragments are followed.
 * Looks past `@skip` and `@include` and type conditions, so it may name a field that is not asked for in the end.
 */
export function fieldsAt(info: GraphQLResolveInfo, path: readonly string[]): readonly FieldNode[] {
  return path.reduce<readonly FieldNode[]>(
    (fields, name) =>
      fields.flatMap((field) => selected(info, field.selectionSet).filter((inner) => inner.name.value === name)),
    info.fieldNodes,
  )
}

function selected(info: GraphQLResolveInfo, set: SelectionSetNode | undefined): FieldNode[] {
  return (set?.selections ?? []).flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection]
    const inner = selection.kind === Kind.INLINE_FRAGMENT ? selection : info.fragments[selection.name.value]
    return selected(info, inner?.selectionSet)
  })
}
