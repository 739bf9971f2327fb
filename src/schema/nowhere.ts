import type { UserError } from '../domain/errors.ts'
import type { Position } from '../domain/position.ts'
import type { Context } from './context.ts'

/** Nothing was tried: the input names no objects. The position is where the log ends. */
export async function nowhere(
  { store }: Context,
  userErrors: readonly UserError[],
): Promise<{ userErrors: readonly UserError[]; position: Position }> {
  const { epoch, head } = await store.log.head()
  return { userErrors, position: { epoch, offset: head } }
}
