import { readFileSync, writeFileSync } from 'node:fs'
import { printSchema } from 'graphql'
import { buildSchema } from '../src/schema/index.ts'

// Writes schema.graphql. With --check it writes nothing, and exits 1 when the file is not what the code says.
const file = new URL('../schema.graphql', import.meta.url)
const printed = `${printSchema(buildSchema())}\n`

if (process.argv.includes('--check')) {
  let committed = ''
  try {
    committed = readFileSync(file, 'utf8')
  } catch {
    // A file that is missing is stale, too.
  }
  if (committed !== printed) {
    console.error('schema.graphql is not what src/schema says. Run: npx tsx scripts/print-schema.ts')
    process.exit(1)
  }
} else {
  writeFileSync(file, printed)
}
