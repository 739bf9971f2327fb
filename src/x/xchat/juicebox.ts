import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type * as Sdk from 'juicebox-sdk'

type Bindings = typeof Sdk & { __wbg_set_wasm(exports: WebAssembly.Exports): void }

const require = createRequire(import.meta.url)

/**
 * The real juicebox-sdk, once for a thread: a second instance breaks the first (TRAPS, "XChat"). Its own entry imports a
 * .wasm file, which Node 20 does not, and chat-xdk's way of loading it leaves no room for our client, so it is put
 * together here.
 */
export async function loadJuicebox(): Promise<typeof Sdk> {
  const bindings: Bindings & WebAssembly.ModuleImports = await import(
    require.resolve('juicebox-sdk/juicebox-sdk_bg.js')
  )
  const wasm = await readFile(require.resolve('juicebox-sdk/juicebox-sdk_bg.wasm'))
  const { instance } = await WebAssembly.instantiate(wasm, { './juicebox-sdk_bg.js': { ...bindings } })
  bindings.__wbg_set_wasm(instance.exports)
  return bindings
}
