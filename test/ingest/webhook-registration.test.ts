import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ensureWebhook } from '../../src/ingest/webhook-registration.ts'
import type { Store } from '../../src/store/store.ts'
import type { XWebhook } from '../../src/x/client.ts'
import { XError } from '../../src/x/errors.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { freeCalls } from '../helpers/free-calls.ts'
import { silent, testStore } from '../helpers/stores.ts'

const HERE = 'https://support.example/webhooks/x'
const BEFORE = 'https://old.example/webhooks/x'

let database: TestDatabase
let store: Store
beforeAll(async () => {
  database = await testDatabase()
  store = await testStore(database.url)
})
afterAll(async () => {
  await store?.close()
  await database?.drop()
})
beforeEach(async () => {
  await store.prisma.activityWebhook.deleteMany()
})

const hook = (id: string, url: string, valid = true): XWebhook => ({ id, url, valid })
const known = async () => (await store.prisma.activityWebhook.findMany()).map(({ id }) => id)

/** What is asked of X that has `there`; every registration gets id 9. */
function scripted(there: readonly XWebhook[], refuse?: string) {
  const calls: string[] = []
  const call = async (what: string) => {
    calls.push(what)
    if (what === refuse) throw new XError('INVALID_REQUEST', what)
    return { body: {} }
  }
  const webhooks = {
    list: async () => ({ body: {}, value: there }),
    register: async (url: string) => {
      return { ...(await call(`+ ${url}`)), value: hook('9', url) }
    },
    validate: (id: string) => call(`? ${id}`),
    remove: (id: string) => call(`- ${id}`),
  }
  const services = { store, x: { webhooks }, calls: freeCalls(), logger: silent }
  return { calls, ensure: (url?: string) => ensureWebhook(services, url) }
}

describe('our webhook at X', () => {
  it('is registered once, and known to be ours', async () => {
    const none = scripted([])
    expect([await none.ensure(HERE), none.calls, await known()]).toEqual(['9', [`+ ${HERE}`], ['9']])
    const there = scripted([hook('9', HERE)])
    expect([await there.ensure(HERE), there.calls, await known()]).toEqual(['9', [], ['9']])
  })

  it('that failed a challenge is challenged again; one that fails again is an error', async () => {
    const invalid = scripted([hook('9', HERE, false)])
    expect([await invalid.ensure(HERE), invalid.calls]).toEqual(['9', ['? 9']])
    await expect(scripted([hook('9', HERE, false)], '? 9').ensure(HERE)).rejects.toMatchObject({
      kind: 'INVALID_REQUEST',
    })
  })

  it('of an earlier address is removed first; webhooks of others, at whatever address, are left alone', async () => {
    await scripted([]).ensure(BEFORE)
    const moved = scripted([hook('8', BEFORE), hook('9', BEFORE), hook('7', 'https://other.example/')])
    expect([await moved.ensure(HERE), moved.calls, await known()]).toEqual(['9', ['- 9', `+ ${HERE}`], ['9']])
  })

  it('that somebody registered by hand at our address is used, and stays theirs', async () => {
    const there = scripted([hook('5', HERE)])
    expect([await there.ensure(HERE), there.calls, await known()]).toEqual(['5', [], []])
    expect([await there.ensure(), there.calls]).toEqual([undefined, []])
  })

  it('is removed where none is wanted any more', async () => {
    await scripted([]).ensure(HERE)
    const off = scripted([hook('9', HERE), hook('7', 'https://other.example/')])
    expect([await off.ensure(), off.calls, await known()]).toEqual([undefined, ['- 9'], []])
  })
})
