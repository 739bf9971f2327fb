import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { breaches, readGraph } from '../scripts/import-rules.ts'

describe('the architecture', () => {
  const graph = readGraph(join(import.meta.dirname, '..'))

  it('is kept by every import of the tree', () => {
    expect(graph.size).toBeGreaterThan(100)
    expect(graph.get('src/app.ts')).toContain('src/store/open.ts')
    expect(breaches(graph)).toEqual([])
  })

  it.each([
    ['a rule that reads the store', 'src/domain/ticket.ts', 'src/store/store.ts'],
    ['a resolver that opens the store', 'src/schema/ticket.ts', 'src/store/open.ts'],
    ['a door that reaches into the schema', 'src/server/server.ts', 'src/schema/ticket.ts'],
    ['a source that builds its own X client', 'src/ingest/poller.ts', 'src/x/twitter-client.ts'],
    ['the simulator that borrows from Perch', 'simulator/index.ts', 'src/domain/event.ts'],
    ['Perch that borrows from the simulator', 'src/app.ts', 'simulator/index.ts'],
    ['a helper that builds an adapter', 'src/disposers.ts', 'src/store/open.ts'],
    ['an adapter under its compiled name', 'src/disposers.ts', 'src/store/open.js'],
  ])('would not bear %s', (_what, file, target) => {
    expect(breaches(new Map([[file, [target]]]))).not.toEqual([])
  })

  it('would not bear a circle', () => {
    const circle = new Map([
      ['src/domain/a.ts', ['src/domain/b.ts']],
      ['src/domain/b.ts', ['src/domain/a.ts']],
    ])
    expect(breaches(circle)).toEqual(['in a circle: src/domain/a.ts → src/domain/b.ts → src/domain/a.ts'])
  })
})
