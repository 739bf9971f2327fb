import type { Logger } from 'pino'
import { xchatKeyPlace } from '../accounts/sealed-places.ts'
import type { Store } from '../store/store.ts'
import { UnsealError, type Vault } from '../store/vault.ts'
import { XError } from '../x/errors.ts'
import { type ReadChatEvent, type XChat, XChatError, type XChatVault } from '../x/xchat.ts'
import { keepReplaced } from './xchat-keep.ts'

/** What is to be read of one conversation. */
export interface Reading {
  readonly conversationId: string
  readonly partnerId: string
  readonly keyEvents: readonly string[]
  readonly events: readonly { readonly id: string; readonly encodedEvent: string }[]
  /** Whether public keys are fetched again when something cannot be read. */
  readonly thorough: boolean
}

/** The keys of one account while it is read: its own, opened, and everybody's public ones. */
export interface AccountKeys {
  /** Opens what is sealed now, if it is another key than before. True until one that was opened is `tried`. */
  refresh(): Promise<boolean>
  /** What had been kept unread was tried with the key that is open. */
  tried(): void
  /** Undefined without a key: why, says `locked`. */
  read(reading: Reading): Promise<readonly ReadChatEvent[] | undefined>
  /** Why nothing can be read without a key. */
  locked(): 'PIN_NOT_CONFIRMED' | 'KEYS_REPLACED'
  /** Whether X has newer public keys than ours, as far as known. */
  replaced(): boolean
  close(): Promise<void>
}

interface Services {
  readonly store: Store
  readonly vault: Vault
  readonly xchat: Pick<XChat, 'open' | 'keyVersions'>
  readonly logger: Logger
  /** X's answer of somebody's public keys. */
  readonly fetchKeys: (xUserId: string) => Promise<unknown>
}

/** Our own public keys are looked at this often, even if nothing fails: keys may be replaced and nobody write. */
const OWN_KEYS_MS = 10 * 60_000
/** Partners whose keys are remembered. */
const MAX_PARTNERS = 1_000

/** Nothing is open yet: `refresh` comes first. */
export function openAccountKeys(
  account: { readonly id: string; readonly xUserId: string },
  services: Services,
): AccountKeys {
  const { store, vault, xchat, logger, fetchKeys } = services
  const place = xchatKeyPlace(account.id)
  let sealed: { readonly secretKey: string; readonly keyVersion: string } | undefined
  let opened: XChatVault | undefined
  let untried = false
  /** The sealed key that does not open, so that the log says so once. */
  let complained: string | undefined
  let status: string | undefined
  let newest: string | undefined
  let own: { readonly publicKeys: unknown; readonly at: number } | undefined
  const partners = new Map<string, unknown>()

  async function fetchOwn(): Promise<unknown> {
    const publicKeys = await fetchKeys(account.xUserId)
    newest = xchat.keyVersions(publicKeys)[0]
    own = { publicKeys, at: performance.now() }
    if (sealed && status === 'CONFIRMED' && isReplaced()) await keepReplaced(store, account.id, sealed.keyVersion)
    return publicKeys
  }

  /** X hides the keys of whoever is suspended or gone: then nobody is believed. */
  async function fetchPartner(xUserId: string): Promise<unknown> {
    const publicKeys = await fetchKeys(xUserId).catch((error: unknown) => {
      if (error instanceof XError && (error.kind === 'NOT_FOUND' || error.kind === 'FORBIDDEN')) return {}
      throw error
    })
    if (partners.size >= MAX_PARTNERS) partners.clear()
    partners.set(xUserId, publicKeys)
    return publicKeys
  }

  const isReplaced = () => sealed !== undefined && newest !== undefined && BigInt(newest) > BigInt(sealed.keyVersion)

  async function readWith(keys: XChatVault, { conversationId, partnerId, keyEvents, events }: Reading, anew: boolean) {
    const publicKeys = !anew && own ? own.publicKeys : await fetchOwn()
    const theirs = (anew ? undefined : partners.get(partnerId)) ?? (await fetchPartner(partnerId))
    const participants = [
      { xUserId: account.xUserId, publicKeys },
      { xUserId: partnerId, publicKeys: theirs },
    ]
    return keys.read({ conversationId, keyEvents, events, participants })
  }

  /** Undefined when it does not open, as under another PERCH_SECRET: then it is as if there were no key. */
  async function openSealed(secretKey: string, keyVersion: string): Promise<XChatVault | undefined> {
    try {
      return await xchat.open({ xUserId: account.xUserId, secretKey: vault.open(secretKey, place), keyVersion })
    } catch (error) {
      const misfit = error instanceof XChatError && error.kind === 'KEYS_DO_NOT_FIT'
      if (!misfit && !(error instanceof UnsealError)) throw error
      if (complained !== secretKey) {
        logger.error(
          { err: error, accountId: account.id },
          "an XChat key does not open; confirm the account's PIN again",
        )
      }
      complained = secretKey
      return undefined
    }
  }

  async function close(): Promise<void> {
    const closing = opened
    opened = undefined
    sealed = undefined
    untried = false
    await closing?.close()
  }

  return {
    async refresh() {
      const row = await store.prisma.accountXChat.findUnique({ where: { accountId: account.id } })
      status = row?.status
      if (!row?.secretKey || !row.keyVersion) {
        await close()
        return false
      }
      if (sealed?.secretKey !== row.secretKey) {
        await close()
        opened = await openSealed(row.secretKey, row.keyVersion)
        if (!opened) return false
        sealed = { secretKey: row.secretKey, keyVersion: row.keyVersion }
        untried = true
        own = undefined
      }
      if (!own || performance.now() - own.at > OWN_KEYS_MS) await fetchOwn()
      return untried
    },
    tried: () => {
      untried = false
    },
    async read(reading) {
      if (!opened) return undefined
      try {
        const read = await readWith(opened, reading, false)
        const failed = read.some((event) => event.outcome === 'UNREADABLE' && event.reason !== 'DAMAGED')
        return failed && reading.thorough ? await readWith(opened, reading, true) : read
      } catch (error) {
        // Its thread is gone: the next round opens another.
        if (error instanceof XChatError) await close()
        throw error
      }
    },
    locked: () => (status === 'KEYS_REPLACED' ? 'KEYS_REPLACED' : 'PIN_NOT_CONFIRMED'),
    replaced: isReplaced,
    close,
  }
}
