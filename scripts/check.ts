import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/*
 * `npm run check`: what a machine can say of the tree without running the tests. A line a step; the
 * output of a step that fails, in full.
 */

const bin = (name: string) => join(import.meta.dirname, '../node_modules/.bin', name)
const script = (name: string, ...args: string[]) => [
  process.execPath,
  '--import',
  'tsx',
  join(import.meta.dirname, name),
  ...args,
]

const STEPS: readonly (readonly [what: string, command: readonly string[]])[] = [
  ['generated code', [process.execPath, join(import.meta.dirname, 'generate.mjs')]],
  ['types', [bin('tsc'), '--noEmit']],
  ['lint and format', [bin('biome'), 'check', '.', '--error-on-warnings']],
  ['unused code', [bin('knip')]],
  ['who may import whom', script('check-imports.ts')],
  ['schema.graphql is up to date', script('print-schema.ts', '--check')],
  ['migrations match schema.prisma', script('check-drift.ts')],
]

let failed = 0
for (const [what, [program, ...args]] of STEPS) {
  const started = performance.now()
  const run = spawnSync(program as string, args, { encoding: 'utf8', cwd: join(import.meta.dirname, '..') })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const good = run.status === 0
  process.stdout.write(`${good ? 'ok    ' : 'FAILED'}  ${what}  (${seconds} s)\n`)
  if (good) continue
  failed++
  process.stdout.write(`${run.stdout ?? ''}${run.stderr ?? ''}${run.error ? `${run.error.message}\n` : ''}`)
}
process.exit(failed > 0 ? 1 : 0)
