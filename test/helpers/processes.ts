import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Tuning } from '../../src/app.ts'
import { createTokenSigner, deriveTokenKey } from '../../src/server/auth.ts'
import { FIRST_USERS } from '../../src/store/bootstrap.ts'
import { SECRET, settings } from './perch.ts'
import { programPath } from './programs.ts'
import { freePort } from './redis-server.ts'

const MAIN = join(import.meta.dirname, '../../dist/src/main.js')

export interface PerchProcess {
  readonly url: string
  readonly child: ChildProcess
  /** SIGTERM, and the exit code. */
  stop(): Promise<number | null>
  /** SIGKILL. False: it had ended before. */
  kill(): Promise<boolean>
}

type SpawnOptions = Parameters<typeof settings>[0] & { readonly port?: number; readonly tuning?: Tuning }

/**
 * The compiled program as a process of its own; resolves when /health/ready says so. With `tuning` it runs at paces that
 * no setting gives (perch-process.ts).
 */
export async function spawnPerch(options: SpawnOptions): Promise<PerchProcess> {
  const port = options.port ?? (await freePort())
  const command = options.tuning ? [programPath('perch-process'), JSON.stringify(options.tuning)] : [MAIN, 'start']
  const child = spawn(process.execPath, command, {
    env: { PATH: process.env['PATH'] ?? '', NODE_ENV: 'production', ...settings(options), PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let complaint = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-4_000)
  })
  const url = `http://127.0.0.1:${port}`
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`Perch ended at its start: ${complaint}`)
    const ready = await fetch(`${url}/health/ready`).then(
      (answer) => answer.ok,
      () => false,
    )
    if (ready) break
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    if (child.exitCode !== null || child.signalCode !== null) return false
    const exited = once(child, 'exit')
    const hit = child.kill(signal)
    await exited
    return hit && (signal === 'SIGTERM' || child.signalCode === signal)
  }
  return {
    url,
    child,
    async stop() {
      await end('SIGTERM')
      return child.exitCode
    },
    kill: () => end('SIGKILL'),
  }
}

/** A token for every deployment of the tests' secret. */
export function agentToken(): Promise<string> {
  const { id, role } = FIRST_USERS.agent
  return createTokenSigner(deriveTokenKey(SECRET)).sign({ sub: id, role, ttlSeconds: 3600 })
}
