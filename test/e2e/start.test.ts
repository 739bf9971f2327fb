import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { query } from '../helpers/perch.ts'

/** `npm start` as a newcomer meets it: the compiled program, its own PostgreSQL, its own X. */
const MAIN = join(import.meta.dirname, '../../dist/src/main.js')

interface Running {
  readonly child: ChildProcess
  readonly url: string
  readonly token: string
  output(): string
  /** Every process below this one, itself included. */
  tree(): number[]
}

let folder: string
const running = new Set<ChildProcess>()

beforeAll(() => {
  if (!existsSync(MAIN)) throw new Error('dist/ is missing: run "npm run build" first (npm test does).')
})

afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
  running.clear()
})

afterAll(() => {
  if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

function dataDir(name: string): string {
  if (!folder) {
    folder = mkdtempSync(join(tmpdir(), 'perch-start-'))
    chmodSync(folder, 0o711) // root's PostgreSQL runs as nobody, who has to pass
  }
  return join(folder, name)
}

/** Without XChat the simulator is lighter; one test has it. */
const QUIET = { SIMULATOR_XCHAT_PIN: '' }

function launch(env: Record<string, string>, command = 'start'): ChildProcess {
  const child = spawn(process.execPath, [MAIN, command], {
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...QUIET, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  running.add(child)
  return child
}

/** Starts Perch and waits until a ticket line was printed. */
async function start(dir: string): Promise<Running> {
  const child = launch({ PERCH_DATA_DIR: dir, PORT: '0' })
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  await expect
    .poll(() => (child.exitCode !== null ? `exit ${child.exitCode}: ${output}` : output), { timeout: 30_000 })
    .toMatch(/#\d+ +@\w+ /)
  const url = /GraphiQL: +(http:\S+)\/graphql/.exec(output)?.[1] ?? ''
  const token = /Administrator's token: +(\S+)/.exec(output)?.[1] ?? ''
  const pid = child.pid ?? 0
  return { child, url, token, output: () => output, tree: () => [pid, ...descendants(pid)] }
}

function parents(): Map<number, number> {
  const found = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      found.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
    } catch {
      // It ended while we looked.
    }
  }
  return found
}

function descendants(of: number): number[] {
  const all = parents()
  const found: number[] = []
  for (let level = [of]; level.length > 0; ) {
    level = [...all].filter(([, parent]) => level.includes(parent)).map(([pid]) => pid)
    found.push(...level)
  }
  return found
}

const alive = (pids: readonly number[]) => pids.filter((pid) => parents().has(pid))

async function exit(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.exitCode
}

const ticketCount = ({ url, token }: Running) =>
  query<{ tickets: { totalCount: number } }>(url, token, '{ tickets(first: 1) { totalCount } }').then(
    ({ tickets }) => tickets.totalCount,
  )

describe('npm start', () => {
  it('runs everything, ends on Ctrl-C leaving no process, and keeps the data', async () => {
    const dir = dataDir('kept')
    const first = await start(dir)
    expect(first.output()).toContain('embedded, in')
    expect((await fetch(`${first.url}/health/ready`)).status).toBe(200)
    expect(await (await fetch(`${first.url}/metrics`)).text()).toContain('perch_events_appended_total')
    const before = await ticketCount(first)
    const tree = first.tree()
    expect(tree.length).toBeGreaterThan(2)

    const asked = performance.now()
    process.kill(-(first.child.pid ?? 0), 'SIGINT') // the whole process group, as a terminal does
    expect(await exit(first.child)).toBe(0)
    expect(performance.now() - asked).toBeLessThan(5_000)
    expect(alive(tree)).toEqual([])

    const second = await start(dir)
    expect(await ticketCount(second)).toBeGreaterThan(before)

    for (const pid of second.tree()) process.kill(pid, 'SIGKILL')
    await exit(second.child)
    const third = await start(dir)
    expect(await ticketCount(third)).toBeGreaterThan(before + 1)
    const rest = third.tree()
    third.child.kill('SIGTERM')
    expect(await exit(third.child)).toBe(0)
    expect(alive(rest)).toEqual([])
  }, 90_000)

  it('ends the X simulator and frees the data when only the program itself was SIGKILLed', async () => {
    const dir = dataDir('orphaned')
    const first = await start(dir)
    first.child.kill('SIGKILL')
    await exit(first.child)
    const second = await start(dir)
    expect(await ticketCount(second)).toBeGreaterThan(0)
    const tree = second.tree()
    second.child.kill('SIGINT')
    await exit(second.child)
    expect(alive(tree)).toEqual([])
  }, 60_000)
})

describe('npm start, when something is in the way,', () => {
  const refused: [what: string, env: () => Record<string, string>, sentence: RegExp][] = [
    [
      'a port in use',
      () => ({ PORT: String(taken), PERCH_DATA_DIR: dataDir('port') }),
      /^Port \d+ on 127\.0\.0\.1 is in use already.*\n$/,
    ],
    [
      'an unwritable folder',
      () => ({ PORT: '0', PERCH_DATA_DIR: `${MAIN}/below-a-file` }),
      /^The data directory [^\n]*below-a-file cannot be written[^\n]*\n$/,
    ],
    [
      'missing and wrong variables',
      () => ({ PORT: 'ninety', DATABASE_URL: 'postgres://localhost/perch', PERCH_ROLE: 'boss' }),
      /^Wrong settings: (?=.*PORT)(?=.*PERCH_ROLE)(?=.*PERCH_SECRET)[^\n]*\n$/,
    ],
    [
      'a database that is not there',
      () => ({ PORT: '0', DATABASE_URL: 'postgres://u:pw-secret@127.0.0.1:1/perch', PERCH_SECRET: 'x'.repeat(32) }),
      /^(?!.*pw-secret)[^\n]*database[^\n]*\n$/i,
    ],
  ]
  let taken = 0
  const blocker = createServer()

  beforeAll(async () => {
    mkdirSync(dataDir('port'), { recursive: true })
    blocker.listen(0, '127.0.0.1')
    await once(blocker, 'listening')
    const address = blocker.address()
    taken = address !== null && typeof address === 'object' ? address.port : 0
  })
  afterAll(() => void blocker.close())

  it.each(refused)(
    'says so in one sentence and exits 1: %s',
    async (_what, env, sentence) => {
      const child = launch(env())
      let complaint = ''
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        complaint += text
      })
      expect(await exit(child)).toBe(1)
      expect(complaint).toMatch(sentence)
    },
    30_000,
  )
})
