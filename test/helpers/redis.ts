import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject } from 'vitest'
import { type RedisProcess, spawnRedis } from './redis-server.ts'

/** The real Redis that all test files share: use channel names of your own. */
export const testRedisUrl = (): string => inject('redisUrl')

/** A Redis for tests that pull its plug. */
export interface TestRedis {
  readonly url: string
  readonly port: number
  /** Ends it in good order. */
  stop(): Promise<void>
  /** Starts it again on the same port. */
  start(): Promise<void>
  /** SIGKILL. */
  kill(): void
  /** Ends it for good. */
  dispose(): Promise<void>
}

/** Starts a Redis of one's own on a free port. */
export async function startRedis(): Promise<TestRedis> {
  const program = inject('redisServer')
  if (program === undefined) {
    throw new Error('This test stops and starts Redis: it needs redis-server on PATH ("apt-get install redis-server").')
  }
  const folder = mkdtempSync(join(tmpdir(), 'perch-redis-'))
  let running: RedisProcess | undefined = await spawnRedis(program, folder)
  const { port } = running
  /** A killed server's port is free only when it is gone. */
  let leaving: Promise<void> = Promise.resolve()
  const end = (signal: NodeJS.Signals) => {
    const server = running
    running = undefined
    if (server) leaving = server.stop(signal)
    return leaving
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    stop: () => end('SIGTERM'),
    kill: () => void end('SIGKILL'),
    async start() {
      await leaving
      running ??= await spawnRedis(program, folder, port)
    },
    async dispose() {
      await end('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
