import { type ChildProcess, fork } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type AnsweredFault, type FromRealm, fromRealm, type Start, type ToRealm } from './messages.ts'
import { exhausted, NOT_REGISTERED, type UserRecord } from './record.ts'

const START_MS = 15_000

/** A realm that does not start, or that ended while it was asked for something. */
export class RealmError extends Error {
  override readonly name = 'RealmError'
}

type Setup = Omit<Start, 'type' | 'port' | 'records'>
type Command =
  | { readonly type: 'fault'; readonly fault: AnsweredFault | null }
  | { readonly type: 'exhaust'; readonly userId: string }

interface Waiting {
  readonly done: () => void
  readonly failed: (error: RealmError) => void
}

interface Running {
  readonly child: ChildProcess
  /** It has exited, and all that it said has been heard. */
  readonly ended: Promise<unknown>
}

/** A realm in a process of its own, and the records that outlive the process. What it is asked for is done in turn. */
export class RealmProcess {
  readonly #setup: Setup
  readonly #records = new Map<string, UserRecord>()
  readonly #waiting = new Map<number, Waiting>()
  #lastCommand = 0
  #turn: Promise<unknown> = Promise.resolve()
  #running: Running | undefined
  #port: number | undefined

  constructor(setup: Setup) {
    this.#setup = setup
  }

  /** What was answered last is in it: the process waits for us before it answers. */
  recordOf(userId: string): UserRecord {
    return this.#records.get(userId) ?? NOT_REGISTERED
  }

  /**
   * Starts the process unless it runs, on the port that it had, with its records. Gives the port; rejects with a
   * RealmError.
   */
  start(): Promise<number> {
    return this.#inTurn(() => this.#start())
  }

  /** Ends the process as a power cut would. */
  stop(): Promise<void> {
    return this.#inTurn(() => this.#stop())
  }

  /** Starts it if need be, and makes it fail like that, or well again. Rejects with a RealmError. */
  setFault(fault: AnsweredFault | null): Promise<void> {
    return this.#inTurn(async () => {
      await this.#start()
      await this.#command({ type: 'fault', fault })
    })
  }

  /** Spends all of a user's guesses, whether it runs or not. Rejects with a RealmError. */
  exhaust(userId: string): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#running) await this.#command({ type: 'exhaust', userId })
      else this.#records.set(userId, exhausted(this.recordOf(userId)))
    })
  }

  /** One at a time, or it could be ended while it starts. */
  #inTurn<Result>(deed: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(deed)
    this.#turn = done.catch(() => undefined)
    return done
  }

  async #start(): Promise<number> {
    const running = this.#running
    if (running && !hasExited(running.child) && this.#port !== undefined) return this.#port
    await running?.ended
    try {
      this.#port = await this.#launch()
      return this.#port
    } catch (error) {
      await this.#stop()
      throw error
    }
  }

  async #stop(): Promise<void> {
    const running = this.#running
    running?.child.kill('SIGKILL')
    await running?.ended
  }

  #launch(): Promise<number> {
    const child = forkRealm()
    return new Promise((resolve, reject) => {
      const failed = (why: string) => {
        clearTimeout(timer)
        reject(new RealmError(`A realm did not start: ${why}.`))
      }
      const timer = setTimeout(() => failed(`no answer within ${START_MS / 1_000} s`), START_MS)
      child.on('error', (error) => failed(error.message))
      child.once('exit', (code, signal) => failed(`it ended with ${signal ?? `code ${code}`}`))
      child.on('message', (raw) => {
        const message = fromRealm.parse(raw)
        if (message.type === 'failed') return failed(message.why)
        if (message.type !== 'ready') return this.#hear(child, message)
        clearTimeout(timer)
        resolve(message.port)
      })
      // Without a process id it never started, and says neither.
      const ended = child.pid === undefined ? [] : [heard(child, 'exit'), heard(child, 'disconnect')]
      this.#running = { child, ended: Promise.all(ended).then(() => this.#forget()) }
      send(child, {
        type: 'start',
        ...this.#setup,
        ...(this.#port !== undefined && { port: this.#port }),
        records: this.#records,
      })
    })
  }

  #forget(): void {
    this.#running = undefined
    for (const { failed } of this.#waiting.values()) failed(new RealmError('The realm has ended.'))
    this.#waiting.clear()
  }

  #hear(child: ChildProcess, message: Extract<FromRealm, { type: 'store' | 'done' }>): void {
    if (message.type === 'store') {
      this.#records.set(message.userId, message.record)
      send(child, { type: 'stored', id: message.id })
    } else {
      this.#waiting.get(message.id)?.done()
      this.#waiting.delete(message.id)
    }
  }

  #command(command: Command): Promise<void> {
    return new Promise((done, failed) => {
      if (!this.#running) return failed(new RealmError('The realm has ended.'))
      this.#lastCommand += 1
      this.#waiting.set(this.#lastCommand, { done, failed })
      send(this.#running.child, { ...command, id: this.#lastCommand })
    })
  }
}

function forkRealm(): ChildProcess {
  const extension = extname(fileURLToPath(import.meta.url))
  return fork(fileURLToPath(new URL(`main${extension}`, import.meta.url)), [], {
    // Detached, so that the terminal's Ctrl-C reaches it only through us; its IPC channel ends it when we end.
    detached: true,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    // The sources need tsx, which is found from here whatever our own working directory is.
    cwd: import.meta.dirname,
    execArgv: extension === '.ts' ? ['--import', 'tsx'] : [],
  })
}

/** A process that has ended hears nothing; its end tells whoever waits. */
function send(child: ChildProcess, message: ToRealm): void {
  if (child.connected) child.send(message, () => undefined)
}

/** Unlike node:events' `once`, deaf to errors: those are told to whoever starts it. */
const heard = (child: ChildProcess, event: 'exit' | 'disconnect') =>
  new Promise<void>((resolve) => child.once(event, () => resolve()))

const hasExited = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null
