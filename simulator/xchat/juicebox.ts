import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type * as Sdk from 'juicebox-sdk'

type Bindings = typeof Sdk & { __wbg_set_wasm(exports: WebAssembly.Exports): void }

const require = createRequire(import.meta.url)

/** The real juicebox-sdk. Its own entry imports a .wasm file, which Node 20 does not, so it is put together here. */
async function load(): Promise<typeof Sdk> {
  const imported: Bindings & WebAssembly.ModuleImports = await import(
    require.resolve('juicebox-sdk/juicebox-sdk_bg.js')
  )
  const wasm = await readFile(require.resolve('juicebox-sdk/juicebox-sdk_bg.wasm'))
  const { instance } = await WebAssembly.instantiate(wasm, { './juicebox-sdk_bg.js': { ...imported } })
  imported.__wbg_set_wasm(instance.exports)
  return imported
}

let loaded: Promise<typeof Sdk> | undefined

/** The SDK's module, loaded once for the thread: a second instance would break the first. */
export const juicebox = (): Promise<typeof Sdk> => {
  loaded ??= load()
  return loaded
}

/** Where the SDK asks for a token, for all clients of the thread: one user at a time. */
export function giveTokens(token: (realmId: string) => string): void {
  Object.assign(globalThis, {
    JuiceboxGetAuthToken: async (realmId: Uint8Array) => token(Buffer.from(realmId).toString('hex')),
  })
}
