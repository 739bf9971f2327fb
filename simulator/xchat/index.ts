import type { IdSource } from '../core/ids.ts'
import type { RealmsOptions } from '../realms/index.ts'
import { ChatServer } from './conversations.ts'
import { KeyBackup } from './key-backup.ts'
import type { ChatHappening } from './model.ts'
import { ChatPeople } from './people.ts'

/** XChat: what X's servers hold, where PINs are checked, and the people who write. */
export class XChat {
  readonly server: ChatServer
  readonly backup: KeyBackup
  readonly people: ChatPeople

  constructor(ids: IdSource, now: () => Date, tell: (happening: ChatHappening) => void, realms: RealmsOptions) {
    this.server = new ChatServer(ids, now, tell)
    this.backup = new KeyBackup(realms)
    this.people = new ChatPeople(this.server, this.backup)
  }

  close(): Promise<void> {
    return this.backup.close()
  }
}
