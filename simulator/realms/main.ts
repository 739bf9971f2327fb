import { hardwareDoor } from './hardware.ts'
import { listen } from './listen.ts'
import { type FromRealm, type Start, type ToRealm, toRealm } from './messages.ts'
import { keyPairOf } from './noise.ts'
import { createRealm, type Realm } from './realm.ts'
import { createRealmServer, type RealmServer } from './server.ts'
import { softwareDoor } from './software.ts'
import { userOfToken } from './tokens.ts'

/*
 * One realm as a program, started by realm-process.ts. It ends when its IPC channel does, so that it never outlives a
 * killed parent.
 */

if (!process.send) {
  process.stderr.write('A realm is started by the simulator: npm run simulator\n')
  process.exit(1)
}
process.once('disconnect', () => process.exit(0))
// The parent may have gone before anybody listened.
if (!process.connected) process.exit(0)

const say = (message: FromRealm) => process.send?.(message)

let lastStore = 0
const storing = new Map<number, () => void>()
let running: { readonly realm: Realm; readonly http: RealmServer } | undefined

async function start({ realmId, secretKey, tokenKey, maxGuesses, port, records }: Start): Promise<void> {
  const realm = createRealm({
    records,
    maxGuesses,
    store: (userId, record) =>
      new Promise((resolve) => {
        lastStore += 1
        storing.set(lastStore, resolve)
        say({ type: 'store', id: lastStore, userId, record })
      }),
  })
  const userOf = (token: string) => userOfToken(tokenKey, realmId, token)
  const http = createRealmServer(
    secretKey ? hardwareDoor({ realmId, keys: keyPairOf(secretKey), realm, userOf }) : softwareDoor(realm, userOf),
  )
  try {
    const bound = await listen(http.server, port)
    running = { realm, http }
    say({ type: 'ready', port: bound })
  } catch (error) {
    say({ type: 'failed', why: error instanceof Error ? error.message : String(error) })
  }
}

async function obey(message: ToRealm): Promise<void> {
  switch (message.type) {
    case 'start':
      return start(message)
    case 'stored':
      storing.get(message.id)?.()
      storing.delete(message.id)
      return
    case 'fault':
      running?.http.setFault(message.fault)
      say({ type: 'done', id: message.id })
      return
    case 'exhaust':
      await running?.realm.exhaust(message.userId)
      say({ type: 'done', id: message.id })
  }
}

process.on('message', (message) => obey(toRealm.parse(message)))
