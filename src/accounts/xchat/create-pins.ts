import { readAllowances } from './attempts.ts'
import { confirmPin, type XChatPinServices } from './confirm-pin.ts'
import { disableXChat } from './disable.ts'
import type { XChatPins } from './pins.ts'

export function createXChatPins(services: XChatPinServices): XChatPins {
  return {
    confirm: (userId, accountId, pin) => confirmPin(services, userId, accountId, pin),
    disable: (userId, accountId) => disableXChat(services.store, userId, accountId),
    allowances: (userId, accounts) => readAllowances(services.store.prisma, userId, accounts),
  }
}
