import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { configDefaults, defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// graphql has a CommonJS and an ES module build. Vitest would take the second for our files while Yoga, Pothos and
// graphql-ws load the first, and graphql-js refuses a schema of "another module or realm". As in production: one.
const resolve = { alias: [{ find: /^graphql$/, replacement: createRequire(import.meta.url).resolve('graphql') }] }

/**
 * Threads and processes that these modules start are those of `dist`, which `npm test` builds first. Node 20 reads no
 * TypeScript: loading it took a second of each, and there are hundreds.
 */
const STARTERS = ['src/x/xchat/thread', 'simulator/xchat/key-backup', 'simulator/realms/realm-process']
const compiledThreads = {
  name: 'compiled-threads',
  enforce: 'pre' as const,
  transform(code: string, id: string) {
    const starter = STARTERS.find((name) => id === join(import.meta.dirname, `${name}.ts`))
    if (!starter) return undefined
    const path = join(import.meta.dirname, 'dist', `${starter}.js`)
    return code
      .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href))
      .replaceAll('import.meta.dirname', JSON.stringify(join(path, '..')))
  },
}

// Where nobody looks on, a machine that was busy for a moment is not a defect; what is broken fails twice.
const retry = process.env['CI'] ? 1 : 0

// What is to come true gets the time that a busy machine needs for it, unless a test says how long it may take.
const expect = { poll: { timeout: 10_000 } }

/** The longest first, so that no worker begins one when the others are done. A fresh clone knows no durations. */
const LONGEST = [
  ...['faults/ingest-kills', 'faults/ingest-outages', 'faults/ingest-stream', 'faults/answers-kills'],
  ...['faults/ingest-burst', 'faults/rotate-secrets'],
  ...['e2e/start', 'outbound/delivery', 'cli/bulk-update', 'accounts/authorization', 'cli/watch'],
]
/** What kills processes all the time would be in the way of the first of all, which does so, too. */
const LAST = ['faults/ingest-mixed-kills']

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const isOne = (name: string) => moduleId.endsWith(`/test/${name}.test.ts`)
      const index = LONGEST.findIndex(isOne)
      return index >= 0 ? index : LONGEST.length + (LAST.some(isOne) ? 1 : 0)
    }
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b))
  }
}

// `npm test` runs the project "main"; `npx vitest run --project faults` pulls plugs, which takes longer.
export default defineConfig({
  test: {
    // Once for all projects and files: one PostgreSQL, one Redis.
    globalSetup: 'test/helpers/global-setup.ts',
    pool: 'forks',
    // Of two cores: much of it is waiting.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        resolve,
        plugins: [compiledThreads],
        test: {
          name: 'main',
          retry,
          expect,
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, 'test/faults/**'],
          // Files share their worker's modules, which hold no state of a test: loading them anew for each took half the time.
          isolate: false,
          testTimeout: 20_000,
          hookTimeout: 20_000,
        },
      },
      {
        resolve,
        plugins: [compiledThreads],
        test: {
          name: 'faults',
          retry,
          expect,
          include: ['test/faults/**/*.test.ts'],
          isolate: false,
          testTimeout: 120_000,
          hookTimeout: 30_000,
        },
      },
    ],
  },
})
