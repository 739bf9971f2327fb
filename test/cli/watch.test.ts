import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createSimulator, type Simulator } from '../../simulator/index.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { metric } from '../helpers/metric.ts'
import { connectBrand, query, SECRET } from '../helpers/perch.ts'
import { agentToken, type PerchProcess, spawnPerch } from '../helpers/processes.ts'
import { freePort } from '../helpers/redis-server.ts'

const ROOT = join(import.meta.dirname, '../..')

const jsonLine = z.strictObject({
  position: z.string(),
  at: z.iso.datetime(),
  ticket: z.looseObject({ number: z.number(), subject: z.string(), channel: z.literal('X_CORP') }),
})

describe('npm run watch', () => {
  let simulator: Simulator
  let database: TestDatabase
  let perch: PerchProcess
  let port: number
  let token: string
  const children = new Set<ChildProcess>()

  const start = () => spawnPerch({ databaseUrl: database.url, simulatorUrl: simulator.url, port })

  beforeAll(async () => {
    ;[simulator, database, port, token] = await Promise.all([
      createSimulator(),
      testDatabase(),
      freePort(),
      agentToken(),
    ])
    await connectBrand(database.url, simulator)
    perch = await start()
    simulator.createUser({ username: 'mira_test' })
  }, 60_000)

  afterEach(() => {
    for (const child of children) child.kill('SIGKILL')
    children.clear()
  })

  afterAll(async () => {
    await perch?.stop()
    await Promise.all([simulator?.close(), database?.drop()])
  })

  function watch(args: readonly string[], env: Record<string, string> = {}) {
    const child = spawn(process.execPath, [join(ROOT, 'dist/cli/perch.js'), 'watch', ...args], {
      cwd: ROOT,
      env: { PATH: process.env['PATH'] ?? '', PORT: String(port), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    children.add(child)
    let out = ''
    let err = ''
    const heard = new Set<() => void>()
    const hear = () => {
      for (const check of heard) check()
    }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
      hear()
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text
      hear()
    })
    const ended = once(child, 'close').then(([code]) => {
      hear()
      return code as number | null
    })
    const output = {
      lines: () => out.split('\n').slice(0, -1),
      said: () => err,
    }
    return {
      ...output,
      child,
      ended,
      /** Resolves as soon as `done` holds of what was printed. */
      until: (done: () => boolean, ms = 20_000) =>
        new Promise<void>((resolve, reject) => {
          const timer = setTimeout(() => reject(new Error(`In vain: ${err}\n${out}`)), ms)
          const check = () => {
            if (!done()) return
            clearTimeout(timer)
            heard.delete(check)
            resolve()
          }
          heard.add(check)
          check()
        }),
    }
  }

  const post = (text: string) => simulator.createPost({ from: 'mira_test', text: `@acme ${text}` })
  const position = () =>
    query<{ tickets: { position: string } }>(perch.url, token, '{ tickets(first: 1) { position } }').then(
      ({ tickets }) => tickets.position,
    )

  it('prints an aligned line for each new ticket and ends with 0 on Ctrl-C', async () => {
    const watching = watch(['--after', await position(), '--token', token])
    post('where is my parcel?')
    post('and my refund?')
    await watching.until(() => watching.lines().length >= 2)
    const pattern = (subject: string) => new RegExp(`^\\d\\d:\\d\\d:\\d\\d {2}#\\d+ +@mira_test {9}post {2}${subject}$`)
    expect(watching.lines()).toEqual([
      expect.stringMatching(pattern('where is my parcel\\?')),
      expect.stringMatching(pattern('and my refund\\?')),
    ])
    watching.child.kill('SIGINT')
    expect(await watching.ended).toBe(0)
    expect(watching.said()).toBe('')
  }, 30_000)

  it('misses nothing and repeats nothing when the server is killed and started again', async () => {
    const watching = watch(['--json', '--after', await position()], { PERCH_TOKEN: token })
    const wanted: string[] = []
    const say = (subject: string) => {
      wanted.push(subject)
      post(subject)
    }
    for (let n = 1; n <= 10; n++) say(`before ${n}`)
    await watching.until(() => watching.lines().length >= 3)
    for (let n = 1; n <= 10; n++) say(`at the kill ${n}`)
    await perch.kill()
    await watching.until(() => watching.said() !== '')
    for (let n = 1; n <= 10; n++) say(`meanwhile ${n}`)
    perch = await start()
    for (let n = 1; n <= 10; n++) say(`after ${n}`)
    await watching.until(() => watching.lines().length >= 40, 30_000)
    // One more behind them all: had one been repeated, it would have come before this one.
    say('the last')
    await watching.until(() => watching.lines().some((line) => line.includes('the last')))
    const seen = watching.lines().map((line) => jsonLine.parse(JSON.parse(line)))
    expect(seen.map(({ ticket }) => ticket.subject).sort()).toEqual(wanted.sort())
    const numbers = seen.map(({ ticket }) => ticket.number)
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
    expect(watching.said()).toBe('connection lost; reconnecting…\nconnected again\n')
  }, 60_000)

  it('misses nothing when the server goes away before the first ticket', async () => {
    // Perch has readers of its own: the watch is one more.
    await expect.poll(() => metric(perch.url, 'websockets'), { timeout: 10_000 }).toBe(0)
    const before = await metric(perch.url, 'feed_readers')
    const watching = watch(['--url', perch.url], { PERCH_TOKEN: token })
    await expect.poll(() => metric(perch.url, 'feed_readers'), { timeout: 15_000 }).toBeGreaterThan(before)
    await perch.kill()
    await watching.until(() => watching.said() !== '')
    post('nobody was there')
    perch = await start()
    await watching.until(() => watching.lines().some((line) => line.includes('nobody was there')), 30_000)
    expect(watching.lines()).toHaveLength(1)
  }, 60_000)

  it('makes its own token where the settings of the deployment are', async () => {
    const watching = watch(['--after', await position()], { DATABASE_URL: database.url, PERCH_SECRET: SECRET })
    post('own token')
    await watching.until(() => watching.lines().some((line) => line.includes('own token')))
  }, 30_000)

  it('says that a position has expired, and goes on from now', async () => {
    const watching = watch(['--after', 'abcdef012345:1', '--token', token])
    await watching.until(() => watching.said().includes('\n'))
    // Where "now" is, only the watch knows: what is posted until then is not for it.
    await expect
      .poll(
        () => {
          post('from now on')
          return watching.lines().at(-1)
        },
        { timeout: 15_000, interval: 300 },
      )
      .toContain('from now on')
    expect(watching.said()).toMatch(/^Perch no longer has what came after the last position: going on from now;.*\n$/)
  }, 30_000)

  it.each([
    ['a token that is no good', ['--token', 'nonsense'], {}, /^Perch refused the token \(.+\): give another .+\.\n$/],
    [
      'no token, and no way to make one',
      [],
      { DATABASE_URL: 'postgres://x/y' },
      /^No token could be made here .+\.\n$/,
    ],
    ['a position that is none', ['--after', 'nonsense'], { PERCH_TOKEN: 'agent' }, /^Perch refused: .+\n$/],
    ['a flag that it does not know', ['--nonsense'], {}, /^Unknown option '--nonsense'.*\nSee perch watch --help\.\n$/],
    ['an address that is none', ['--url', 'nonsense'], {}, /^--url must be .+\n$/],
  ])(
    'exits with a sentence for %s',
    async (_what, args, env, sentence) => {
      const given = 'PERCH_TOKEN' in env ? { PERCH_TOKEN: token } : env
      const watching = watch(args, { ...given })
      expect(await watching.ended).toBe(args.some((arg) => /^(--nonsense|--url)$/.test(arg)) ? 2 : 1)
      expect(watching.said()).toMatch(sentence)
      expect(watching.lines()).toEqual([])
    },
    30_000,
  )
})
