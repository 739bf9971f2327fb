import type { SettingsPatch } from '../domain/account.ts'
import type { AuthorizationAnswer, StartedAuthorization } from './authorize.ts'
import type { Outcome } from './outcome.ts'
import type { SettingsOutcome } from './settings.ts'
import type { WorkspaceOutcome, WorkspacePatch } from './workspace.ts'
import type { XChatPins } from './xchat/pins.ts'

/** What administrators do with X accounts. The one interface of this room for the schema and the doors. */
export interface Accounts {
  startAuthorization(userId: string, accountId: string | null): Promise<StartedAuthorization>
  /** `userId` null: in whose name, the state says (the callback door). */
  completeAuthorization(userId: string | null, answer: AuthorizationAnswer): Promise<Outcome>
  update(userId: string, accountId: string, patch: SettingsPatch): Promise<SettingsOutcome>
  deactivate(userId: string, accountId: string): Promise<Outcome>
  reactivate(userId: string, accountId: string): Promise<Outcome>
  unlink(userId: string, accountId: string, screenName: string): Promise<Outcome>
  readonly xchat: XChatPins
  updateWorkspace(userId: string, patch: WorkspacePatch): Promise<WorkspaceOutcome>
}

export type { WorkspaceOutcome } from './workspace.ts'
