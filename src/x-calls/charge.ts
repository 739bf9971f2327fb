import { randomUUID } from 'node:crypto'
import { billingOf, eventKind, type SpendKind, type XEndpoint } from '../domain/price.ts'
import type { XAnswer } from '../x/client.ts'
import { resourcesIn } from './resources.ts'
import { APP } from './ticket.ts'
import type { DeliveredEvent } from './x-calls.ts'

/** Something that X charges. Written once however often that is tried: a commit whose answer was lost is tried again. */
export interface Charge {
  /** An account's id, or the app. */
  readonly caller?: string
  /** In place of it: the X user whose account it is. */
  readonly xUserId?: string
  readonly kind: SpendKind
  /** Whether the owner of the developer app is charged less. */
  readonly owned?: boolean
  /** What `ids` are ids of: each is charged once a UTC day, whoever reads it. */
  readonly resource: string | null
  readonly ids: readonly string[]
  /** The call, by an id of ours; undefined: no call, and nothing but `ids` is charged. */
  readonly callId?: string
  /** What its call is charged besides. */
  readonly units: number
}

/** A call that X has answered; `body` undefined: X took it, and what it answered is not known. */
export function chargeForCall(
  accountId: string | null,
  endpoint: XEndpoint,
  { body }: Pick<XAnswer, 'body'>,
  named?: SpendKind,
): Charge {
  const { kind: usual, owned = false, resource } = billingOf(endpoint)
  const { ids, unnamed } = resource === null ? { ids: [], unnamed: 1 } : resourcesIn(body)
  const caller = accountId ?? APP
  return { caller, kind: named ?? usual, owned, resource, callId: randomUUID(), units: unnamed, ids }
}

/** An event that X delivered. One told of two accounts is two events, whatever X names them; told twice of one, it is one. */
export function chargeForEvent({ type, id, accountXUserId: xUserId }: DeliveredEvent): Charge {
  const ids = [id === undefined ? randomUUID() : `${xUserId ?? ''}/${id}`]
  return { ...(xUserId && { xUserId }), kind: eventKind(type), resource: 'event', units: 0, ids }
}
