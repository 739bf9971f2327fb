import type { Client, Sink } from 'graphql-ws'
import { expect, it } from 'vitest'
import { watchJob } from '../../cli/bulk/watch-job.ts'

/* A server that ends the subscription before the bulk update is over: scripted, for Perch itself does so when it stops. */

it('asks again after a pause when the subscription ends before the bulk update does', async () => {
  const asked: { at: number; after: unknown }[] = []
  const progress = (place: number, status: string) => ({
    data: {
      bulkUpdateProgress: {
        position: `e:${place}`,
        status,
        total: 3,
        done: place,
        failed: 0,
        ratePerSecond: null,
        etaSeconds: null,
      },
    },
  })
  const client = {
    subscribe({ variables }: { variables: { after: unknown } }, sink: Sink) {
      asked.push({ at: performance.now(), after: variables.after })
      const time = asked.length
      queueMicrotask(() => {
        sink.next(progress(time, time === 3 ? 'COMPLETED' : 'WORKING'))
        sink.complete()
      })
      return () => {}
    },
  } as unknown as Client
  const api = { ask: () => Promise.reject(new Error('Nothing was to be asked.')) }
  const job = { id: 'j', total: 3, done: 0, failed: 0, ratePerSecond: null, etaSeconds: null }
  const seen: number[] = []
  const last = await watchJob(
    api,
    () => client,
    { job: { ...job, status: 'QUEUED' }, position: 'e:0' },
    ({ done }) => seen.push(done),
  )
  expect(last).toMatchObject({ status: 'COMPLETED', done: 3 })
  expect(seen).toEqual([0, 1, 2, 3])
  expect(asked.map(({ after }) => after)).toEqual(['e:0', 'e:1', 'e:2'])
  const [first, second, third] = asked.map(({ at }) => at)
  expect((second ?? 0) - (first ?? 0)).toBeGreaterThan(900)
  expect((third ?? 0) - (second ?? 0)).toBeGreaterThan(900)
})
