import { HANDLES, hasDirectMessages, type Plan } from '../domain/account.ts'
import type { UserError } from '../domain/errors.ts'
import type { Position } from '../domain/position.ts'
import { CLOSE_AFTER_DAYS_AT_MOST } from '../domain/ticket-transitions.ts'
import type { Store } from '../store/store.ts'
import { lockWorkspace } from './lock-account.ts'

export interface WorkspaceOutcome {
  readonly userErrors: readonly UserError[]
  readonly position: Position
}

/** Absent or null: as it is. */
export interface WorkspacePatch {
  readonly plan?: Plan | null | undefined
  readonly redactDeletedPosts?: boolean | null | undefined
  /** F68: 0 to 28. */
  readonly closeSolvedAfterDays?: number | null | undefined
}

/** Changes settings; the plan, if the accounts there are fit into it (F1, F2): nobody is switched off by a change of plan. */
export async function updateWorkspace(
  store: Pick<Store, 'change'>,
  userId: string,
  patch: WorkspacePatch,
): Promise<WorkspaceOutcome> {
  const { value, position } = await store.change({ kind: 'user', id: userId }, async ({ db }) => {
    const planned = await lockWorkspace(db)
    const plan = patch.plan ?? planned
    const { redactDeletedPosts, closeSolvedAfterDays: days } = patch
    const linked = { status: { not: 'UNLINKED' as const } }
    const errors: UserError[] = []
    const refuse = (message: string) => errors.push({ code: 'NOT_IN_PLAN', field: ['plan'], message })
    const handles = await db.account.count({ where: linked })
    if (handles > HANDLES[plan]) {
      refuse(`There are ${handles} X accounts; this plan has room for ${HANDLES[plan]}. Unlink some first.`)
    }
    const messages = await db.account.count({ where: { ...linked, captureDirectMessages: true } })
    if (!hasDirectMessages(plan) && messages > 0) {
      refuse('This plan has no direct messages, and some accounts capture them. Switch that off first.')
    }
    if (days != null && (days < 0 || days > CLOSE_AFTER_DAYS_AT_MOST)) {
      const message = `Solved tickets close after 0 to ${CLOSE_AFTER_DAYS_AT_MOST} days.`
      errors.push({ code: 'INVALID_INPUT', field: ['closeSolvedAfterDays'], message })
    }
    if (errors.length === 0)
      await db.workspace.update({
        where: { id: 1 },
        data: {
          plan,
          ...(redactDeletedPosts != null && { redactDeletedPosts }),
          ...(days != null && { closeSolvedAfterDays: days }),
        },
      })
    return errors
  })
  return { userErrors: value, position }
}
