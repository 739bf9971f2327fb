import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'

/**
 * Starts the module beside `from` (its import.meta.url) in a thread of its own. Compiled, it is a .js file; from the
 * sources a .ts file, which Node 20 reads through tsx, and a thread takes no loader from its parent.
 */
export function startThread(name: string, from: string, workerData: unknown): Worker {
  const extension = extname(fileURLToPath(from))
  const url = new URL(`./${name}${extension}`, from)
  if (extension !== '.ts') return new Worker(url, { workerData })
  const code = `import('tsx/esm/api').then(({ tsImport }) => tsImport(${JSON.stringify(url.href)}, ${JSON.stringify(from)}))`
  return new Worker(code, { eval: true, workerData })
}
