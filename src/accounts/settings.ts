import { type AccountSettings, decideSettings, type SettingsPatch, type SettingsWarning } from '../domain/account.ts'
import { idAt } from '../domain/x-id.ts'
import { XCHAT_CURSORS } from '../domain/xchat-cursor.ts'
import type { Account } from '../generated/prisma/client.ts'
import type { ChangeScope, Store } from '../store/store.ts'
import { lockAccount, lockWorkspace } from './lock-account.ts'
import { type Done, NO_ACCOUNT, type Outcome } from './outcome.ts'

export interface SettingsOutcome extends Outcome {
  readonly warnings: readonly SettingsWarning[]
}

/**
 * Changes an account's settings as far as the rules let it (F9-F17). A new default takes the place of the old one in the
 * same transaction (F11); direct messages that are no longer captured take the XChat key with them (F39).
 */
export async function updateSettings(
  store: Pick<Store, 'change'>,
  userId: string,
  accountId: string,
  patch: SettingsPatch,
): Promise<SettingsOutcome> {
  const { value, position } = await store.change({ kind: 'user', id: userId }, (scope) =>
    update(scope, accountId, patch),
  )
  return { ...value, position }
}

async function update(
  scope: ChangeScope,
  accountId: string,
  patch: SettingsPatch,
): Promise<Done & { warnings: readonly SettingsWarning[] }> {
  const { db, emit } = scope
  const plan = await lockWorkspace(db)
  const account = await lockAccount(db, accountId)
  if (!account) return { ...NO_ACCOUNT, warnings: [] }
  const decision = decideSettings(settingsOf(account), patch, plan)
  if (decision.errors.length > 0) return { accountId, userErrors: decision.errors, warnings: [] }
  if (!('settings' in decision)) throw new Error('a decision without errors has settings')
  const { settings, changed, warnings } = decision
  if (changed.length === 0) return { accountId, userErrors: [], warnings }

  if (changed.includes('isDefault') && settings.isDefault) await unsetDefault(scope)
  const messages = changed.includes('captureDirectMessages')
  if (messages && settings.captureDirectMessages) await beginMessages(scope, accountId)
  // What was liked before is history, too: the first look writes down what is there.
  if (changed.includes('trackLikes')) await db.sourceCursor.deleteMany({ where: { accountId, source: 'likes' } })
  const erased =
    messages && !settings.captureDirectMessages
      ? await db.accountXChat.deleteMany({ where: { accountId } })
      : { count: 0 }
  // What administrators were told of the old budget says nothing of the new one.
  const untold = changed.includes('monthlyBudget') ? { budgetTold: null, budgetToldMonth: null } : {}
  await db.account.update({ where: { id: accountId }, data: { ...settings, ...untold } })
  emit({ type: 'account.updated', accountId, changed: [...changed, ...(erased.count > 0 ? ['xchat'] : [])] })
  return { accountId, userErrors: [], warnings }
}

/** What was said before direct messages are captured, or while they were not, is history. */
async function beginMessages({ db }: ChangeScope, accountId: string): Promise<void> {
  await db.sourceCursor.deleteMany({ where: { accountId, source: { startsWith: XCHAT_CURSORS } } })
  const [row] = await db.$queryRaw<{ now: Date }[]>`SELECT now() AS now`
  const sinceId = idAt((row?.now ?? new Date()).getTime())
  await db.sourceCursor.create({ data: { accountId, source: XCHAT_CURSORS, sinceId } })
  const source = 'direct-messages'
  await db.sourceCursor.upsert({
    where: { accountId_source: { accountId, source } },
    create: { accountId, source, sinceId },
    update: { sinceId },
  })
}

/** F11: setting a new default unsets the old one. */
async function unsetDefault({ db, emit }: ChangeScope): Promise<void> {
  const old = await db.account.findMany({ where: { isDefault: true }, select: { id: true } })
  for (const { id } of old) {
    await db.account.update({ where: { id }, data: { isDefault: false } })
    emit({ type: 'account.updated', accountId: id, changed: ['isDefault'] })
  }
}

function settingsOf(account: Account): AccountSettings {
  const { captureMentions, manualConversion, captureDirectMessages, otherDirectMessageChannel } = account
  const { trackLikes, allowReplies, isDefault, brandId, monthlyBudget } = account
  return {
    captureMentions,
    manualConversion,
    captureDirectMessages,
    otherDirectMessageChannel,
    trackLikes,
    allowReplies,
    isDefault,
    brandId,
    monthlyBudget,
  }
}
