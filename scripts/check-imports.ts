import { join } from 'node:path'
import { breaches, readGraph } from './import-rules.ts'

// Exits 1, with a sentence for each, when an import breaks the architecture's rules.
const graph = readGraph(join(import.meta.dirname, '..'))
const found = breaches(graph)
for (const breach of found) console.error(breach)
process.exit(found.length > 0 || graph.size === 0 ? 1 : 0)
