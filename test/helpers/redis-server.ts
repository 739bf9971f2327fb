import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'

/** The redis-server program on this machine; on Debian, root may install the distribution's. */
export function findRedisServer(): string | undefined {
  if (works()) return PROGRAM
  const debian = spawnSync('apt-get', ['--version']).status === 0
  if (!debian || process.getuid?.() !== 0) return undefined
  console.log('The tests need a real Redis: installing Debian’s redis-server (apt-get install redis-server) …')
  // RUNLEVEL=1: the package must not start a service of its own.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  const stdio = ['ignore', 'ignore', 'inherit'] as const
  spawnSync('apt-get', ['update', '-qq'], { env, stdio: [...stdio] })
  spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'redis-server'], { env, stdio: [...stdio] })
  return works() ? PROGRAM : undefined
}

const PROGRAM = 'redis-server'
const works = () => spawnSync(PROGRAM, ['--version']).status === 0

/** A redis-server of our own. */
export interface RedisProcess {
  readonly port: number
  /** Ends it and waits until it has ended. SIGKILL is for tests that pull the plug. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

/** Starts a Redis on 127.0.0.1 that keeps nothing, and waits until it accepts connections. */
export async function spawnRedis(program: string, folder: string, port?: number): Promise<RedisProcess> {
  for (let attempt = 1; ; attempt++) {
    const chosen = port ?? (await freePort())
    const args = ['--port', String(chosen), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder]
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], detached: true })
    // No teardown is run when this process is told to exit.
    const onExit = () => child.kill('SIGKILL')
    process.once('exit', onExit)
    const exited = once(child, 'exit').then(() => process.off('exit', onExit))
    if (await isReady(child)) {
      return {
        port: chosen,
        async stop(signal = 'SIGTERM') {
          child.kill(signal)
          await exited
        },
      }
    }
    if (attempt === 3) throw new Error(`redis-server does not start on port ${chosen}.`)
  }
}

/** Redis says so on its output. False when it ended instead. */
async function isReady(child: ChildProcess): Promise<boolean> {
  if (!child.stdout) return false
  for await (const line of createInterface(child.stdout)) {
    if (!line.includes('Ready to accept connections')) continue
    child.stdout.resume()
    return true
  }
  return false
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('A TCP server has a port.')
  return address.port
}
