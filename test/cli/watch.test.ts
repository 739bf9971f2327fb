import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createSimulator, type Simulator } from '../../simulator/index.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { connectBrand, SECRET } from '../helpers/perch.ts'
import { agentToken, type PerchProcess, spawnPerch } from '../helpers/processes.ts'
import { freePort } from '../helpers/redis-server.ts'

const WATCH = join(import.meta.dirname, '../../dist/cli/watch.js')

describe('npm run watch', () => {
  let simulator: Simulator
  let database: TestDatabase
  let perch: PerchProcess
  let port: number
  const children: ChildProcess[] = []

  const start = () => spawnPerch({ databaseUrl: database.url, simulatorUrl: simulator.url, port })

  beforeAll(async () => {
    ;[simulator, database, port] = await Promise.all([createSimulator(), testDatabase(), freePort()])
    await connectBrand(database.url, simulator)
    perch = await start()
    simulator.createUser({ username: 'mira_test' })
  }, 60_000)

  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
  })

  afterAll(async () => {
    await perch?.stop()
    await Promise.all([simulator?.close(), database?.drop()])
  })

  function watch(args: string[], env: Record<string, string> = {}) {
    const child = spawn(process.execPath, [WATCH, '--url', perch.url, ...args], {
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    children.push(child)
    const said = { out: '', err: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.out += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said.err += text
    })
    return { child, said }
  }

  const post = (text: string) => simulator.createPost({ from: 'mira_test', text: `@acme ${text}` })

  it('prints a line a ticket and ends with 0 on Ctrl-C', async () => {
    const { child, said } = watch(['--token', await agentToken()])
    // From now on, without a position: what is posted until it listens is not for it, so post until it does.
    await vi.waitFor(
      () => {
        post(`hello ${Date.now()}`)
        expect(said.out).toMatch(/^\d\d:\d\d:\d\d {2}#\d+ +@mira_test +X_CORP +hello \d+\n/)
      },
      { timeout: 15_000, interval: 300 },
    )
    child.kill('SIGINT')
    const [code] = (await once(child, 'exit')) as [number]
    expect(code).toBe(0)
  }, 30_000)

  it('misses nothing and repeats nothing when the server is killed and started again', async () => {
    const { said } = watch(['--json'], { PERCH_TOKEN: await agentToken() })
    await vi.waitFor(
      () => {
        post('warm up')
        expect(said.out).not.toBe('')
      },
      { timeout: 15_000, interval: 300 },
    )
    for (let n = 1; n <= 10; n++) post(`before ${n}`)
    await perch.kill()
    for (let n = 1; n <= 10; n++) post(`meanwhile ${n}`)
    perch = await start()
    for (let n = 1; n <= 10; n++) post(`after ${n}`)
    const tickets = () =>
      said.out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { number: number; subject: string })
        .filter(({ subject }) => subject !== 'warm up')
    await vi.waitFor(() => expect(tickets().length).toBeGreaterThanOrEqual(30), { timeout: 30_000, interval: 200 })
    const subjects = tickets().map(({ subject }) => subject)
    expect(new Set(subjects).size).toBe(30)
    expect(subjects).toHaveLength(30)
    expect(said.err).toBe('connection lost; reconnecting…\nconnected again\n')
  }, 60_000)

  it('makes its own token where the settings are', async () => {
    const { said } = watch(['--json'], { DATABASE_URL: database.url, PERCH_SECRET: SECRET })
    await vi.waitFor(
      () => {
        post('own token')
        expect(said.out).toContain('own token')
      },
      { timeout: 15_000, interval: 300 },
    )
  }, 30_000)

  it('says that an expired position is one, and goes on', async () => {
    const { said } = watch(['--token', await agentToken(), '--after', 'abcdef:1'])
    await vi.waitFor(
      () => {
        post('from now on')
        expect(said.out).toContain('from now on')
      },
      { timeout: 15_000, interval: 300 },
    )
    expect(said.err).toBe('that position has expired; going on from now\n')
  }, 30_000)

  it.each([
    ['a token that is no good', ['--token', 'nonsense'], /^The token was refused\.\n$/],
    ['a flag that it does not know', ['--nonsense'], /Unknown option '--nonsense'/],
  ])(
    'exits 1 with one sentence for %s',
    async (_what, args, sentence) => {
      const { child, said } = watch(args)
      const [code] = (await once(child, 'exit')) as [number]
      expect(code).toBe(1)
      expect(said.err).toMatch(sentence)
    },
    30_000,
  )
})
