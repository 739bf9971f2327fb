import { expect, it } from 'vitest'
import { createDisposers } from '../src/disposers.ts'
import { silent } from './helpers/stores.ts'

it('what was opened is closed in the opposite order, one after the other, whatever one of them throws, and once', async () => {
  const disposers = createDisposers(silent)
  const closed: string[] = []
  disposers.add('database', () => void closed.push('database'))
  disposers.add('store', async () => {
    await new Promise((resolve) => setTimeout(resolve, 5))
    closed.push('store')
  })
  disposers.add('broken', () => {
    closed.push('broken')
    throw new Error('broken')
  })
  disposers.add('refusing', () => Promise.reject(new Error('refusing')))
  const first = disposers.close()
  await Promise.all([first, disposers.close()])
  await disposers.close()
  expect(closed).toEqual(['broken', 'store', 'database'])
})
