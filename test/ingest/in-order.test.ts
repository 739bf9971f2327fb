import { describe, expect, test } from 'vitest'
import { inOrder } from '../../src/ingest/in-order.ts'
import { message } from '../helpers/items.ts'

const AT = '2026-11-23T05:00:00.000Z'
const LATER = '2026-11-23T05:00:01.000Z'

/** As XChat has them: known by what their sender signed, ordered by X's sequence. */
const chat = (uuid: string, eventId: string, sentAt = AT) =>
  message('1', { id: `900/${uuid}`, channel: 'X_CHAT', sentAt, eventId })
/** Classic ones are known by the id that orders them. */
const classic = (id: string, sentAt = AT) => message(id, { sentAt })

describe('messages of one moment', () => {
  test.each([
    ['by X’s sequence, whatever their senders called them', [chat('a', '12'), chat('f', '11')], [1, 0]],
    ['as numbers: 9 before 10', [chat('a', '10'), chat('b', '9')], [1, 0]],
    ['by their own ids where these are X’s', [classic('10'), classic('9')], [1, 0]],
    ['the time comes first', [chat('a', '1', LATER), chat('b', '2')], [1, 0]],
    ['both formats together', [classic('12'), chat('b', '11')], [1, 0]],
    ['those of one event stay as they are', [chat('b', '5'), chat('a', '5')], [0, 1]],
  ] as const)('%s', (_, given, expected) => {
    expect(inOrder(given)).toEqual(expected.map((index) => given[index]))
  })
})
