import { fork } from 'node:child_process'
import { once } from 'node:events'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'
import { z } from 'zod'
import { StartupError } from './store/startup-error.ts'

/** The app that our simulator knows from the start (simulator/README.md). Not secrets: they open nothing but it. */
export const SIMULATED_APP = {
  clientId: 'perch-simulator',
  clientSecret: 'perch-simulator-secret',
  bearerToken: 'perch-simulator-bearer',
  consumerSecret: 'perch-simulator-consumer-secret',
}

/** The brand of its world, the same under every seed. */
export const SIMULATED_BRAND = { id: '1404092000000000001', username: 'acme' }

export interface SimulatedX {
  readonly url: URL
  stop(): Promise<void>
}

const readyMessage = z.object({ ready: z.literal(true), port: z.number().int() })
const START_MS = 15_000
const STOP_MS = 1_500

/**
 * Starts the simulator as a program of its own, as X is one. It is detached, so that the terminal's Ctrl-C reaches it
 * only through us, after the last call to it; and it ends when this process does, however that ends (its IPC channel).
 */
export async function startSimulatedX(logger: Logger): Promise<SimulatedX> {
  const here = fileURLToPath(import.meta.url)
  const program = fileURLToPath(new URL(`../simulator/main${extname(here)}`, import.meta.url))
  const child = fork(program, ['--port', '0', '--traffic', '20', '--quiet'], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let complaint = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2_000)
  })
  let stopping = false
  child.on('exit', (code, signal) => {
    if (!stopping) logger.error({ code, signal, complaint }, 'the X simulator has ended')
  })

  const port = await new Promise<number>((resolve, reject) => {
    const failed = (why: string) => reject(new StartupError(`The X simulator did not start: ${why}.`))
    const timer = setTimeout(() => failed('no answer within 15 s'), START_MS)
    child.once('exit', (code) => failed(complaint.trim().split('\n').at(-1) || `it ended with code ${code}`))
    child.once('error', (error) => failed(error.message))
    child.on('message', (message) => {
      const ready = readyMessage.safeParse(message)
      if (!ready.success) return
      clearTimeout(timer)
      resolve(ready.data.port)
    })
  })

  return {
    url: new URL(`http://127.0.0.1:${port}`),
    async stop() {
      stopping = true
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      await ended
      clearTimeout(timer)
    },
  }
}
