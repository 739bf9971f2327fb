import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import type { MigrationList, SchemaEngine, SchemaFilter } from '@prisma/schema-engine-wasm/schema_engine_bg'
import pg from 'pg'
import { engineAdapter } from './engine-adapter.ts'
import { packageRoot } from './package-root.ts'

export type { MigrationList, SchemaEngine }

/** Tables outside our schema are none of the engine's business; within it, nothing is excepted. */
export const FILTERS: SchemaFilter = { externalTables: [], externalEnums: [] }

/** prisma/schema.prisma as the engine wants it. */
export function schemaFile(): { path: string; content: string } {
  const path = join(packageRoot(), 'prisma/schema.prisma')
  return { path, content: readFileSync(path, 'utf8') }
}

/** Node has it; its typings and the ES libraries leave it to the DOM's. */
declare const WebAssembly: {
  instantiate(
    bytes: Uint8Array,
    imports: Record<string, Record<string, unknown>>,
  ): Promise<{ instance: { exports: Record<string, unknown> } }>
}

/** The engine reports a panic here before it dies of it, in a place where no promise can be rejected. */
const panics = {
  set_message: (message: string) => {
    throw new Error(`Prisma's schema engine failed: ${message}`)
  },
}

type Loader = typeof import('@prisma/schema-engine-wasm/schema_engine_bg')
let loading: Promise<Loader> | undefined

/**
 * Prisma's own schema engine as WebAssembly: its command line would download a binary (TRAPS, "Database").
 * The package's main file imports the .wasm as a module, which Node 20 cannot, so it is instantiated here.
 */
function load(): Promise<Loader> {
  loading ??= (async () => {
    const name = '@prisma/schema-engine-wasm/schema_engine_bg'
    const folder = dirname(createRequire(import.meta.url).resolve(name))
    const glue = await import('@prisma/schema-engine-wasm/schema_engine_bg')
    const { instance } = await WebAssembly.instantiate(readFileSync(join(folder, 'schema_engine_bg.wasm')), {
      './schema_engine_bg.js': { ...glue },
    })
    Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: panics })
    glue.__wbg_set_wasm(instance.exports)
    const start = instance.exports['__wbindgen_start']
    if (typeof start !== 'function')
      throw new Error('This version of @prisma/schema-engine-wasm is not known to Perch.')
    start()
    return glue
  })()
  return loading
}

/** The engine on one database, speaking through one connection. */
export interface EngineSession {
  readonly engine: SchemaEngine
  /** The very connection the engine uses: a transaction begun here holds what the engine does. */
  readonly connection: pg.Pool
  /** What PostgreSQL said to the last migration script that failed: the engine's own errors are vaguer. */
  readonly scriptError: () => unknown
}

/** Runs `work` with an engine on the database, and closes both afterwards. */
export async function withSchemaEngine<T>(url: string, work: (session: EngineSession) => Promise<T>): Promise<T> {
  const { SchemaEngine } = await load()
  const connection = new pg.Pool({ connectionString: url, max: 1, idleTimeoutMillis: 0 })
  connection.on('error', () => {}) // The statement under way reports the loss itself.
  let scriptError: unknown
  const adapter = engineAdapter(connection, (error) => {
    scriptError = error
  })
  const { path, content } = schemaFile()
  try {
    const engine = await SchemaEngine.new(
      { datamodels: [[path, content]] },
      () => {},
      bindMigrationAwareSqlAdapterFactory(adapter),
    )
    try {
      return await work({ engine, connection, scriptError: () => scriptError })
    } finally {
      engine.free()
    }
  } finally {
    await connection.end()
  }
}
