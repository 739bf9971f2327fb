import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, describe, expect, test } from 'vitest'

const MAIN = fileURLToPath(new URL('../../dist/simulator/main.js', import.meta.url))
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'simulator-'))
afterAll(() => rmSync(directory, { recursive: true }))

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** The program, its output so far, and its end. */
function start(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
  })
  children.push(child)
  const output = { out: '', err: '' }
  child.stdout.on('data', (chunk) => (output.out += chunk))
  child.stderr.on('data', (chunk) => (output.err += chunk))
  const exit = once(child, 'close').then(([code, signal]) => ({ code, signal }))
  const url = async () => {
    await expect.poll(() => output.out, { timeout: 15_000 }).toContain('control')
    return /http:\/\/\S+/.exec(output.out)?.[0] ?? ''
  }
  return { child, output, exit, url }
}

const state = async (url: string) => (await fetch(`${url}/control/state`)).json()

describe('the program', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'ends with 0 well under a second after %s, streams open or not',
    async (signal) => {
      const { child, exit, url } = start(['--port', '0', '--traffic', '6000'])
      const address = await url()
      const stream = await fetch(`${address}/2/activity/stream`, {
        headers: { authorization: 'Bearer perch-simulator-bearer' },
      })
      expect(stream.status).toBe(200)
      const begun = performance.now()
      child.kill(signal)
      expect(await exit).toEqual({ code: 0, signal: null })
      expect(performance.now() - begun).toBeLessThan(900)
      await expect(stream.text()).rejects.toThrow()
    },
  )

  test('takes its settings from the environment too, flags first', async () => {
    const { url } = start(['--port', '0', '--seed', '9'], {
      SIMULATOR_PORT: '1',
      SIMULATOR_SEED: '3',
      SIMULATOR_TRAFFIC: '0',
    })
    expect(await state(await url())).toMatchObject({ seed: 9, posts: 0, trafficPerMinute: 0 })
  })

  test('brings steady traffic by itself', async () => {
    const { url } = start(['--port', '0'])
    const address = await url()
    await expect.poll(async () => (await state(address)).posts, { timeout: 5_000 }).toBeGreaterThan(0)
    expect(await state(address)).toMatchObject({ trafficPerMinute: 12 })
  })

  test('sets XChat up for the brand once it runs, under the PIN of --xchat-pin, or not at all', async () => {
    const { url, output, child, exit } = start(['--port', '0', '--traffic', '0', '--xchat-pin', '4821'])
    const address = await url()
    expect(output.out).not.toContain('XChat')
    await expect.poll(() => output.out, { timeout: 20_000 }).toContain('XChat    @acme, PIN 4821')
    const guesses = await fetch(`${address}/control/xchat/guesses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"user":"acme"}',
    })
    expect(await guesses.json()).toEqual(Array(3).fill({ used: 0, max: 20 }))
    child.kill('SIGTERM')
    expect(await exit).toEqual({ code: 0, signal: null })
    expect(output.err).toBe('')
  }, 40_000)

  test('replays a file, without further traffic', async () => {
    const file = join(directory, 'posts.jsonl')
    writeFileSync(file, '{"from":"ann","text":"Hello @acme"}\n{"from":"acme","text":"Hi","inReplyTo":0}\n')
    const { url, output } = start(['--port', '0', '--replay', file, '--speed', '0'])
    const address = await url()
    await expect.poll(() => output.out).toContain('replayed 2 posts')
    expect(await state(address)).toMatchObject({ posts: 2, trafficPerMinute: 0 })
  })

  test.each([
    ['a bad line', ['--replay', join(directory, 'bad.jsonl')], 'bad.jsonl: line 2: "text"'],
    ['no file', ['--replay', join(directory, 'none.jsonl')], 'none.jsonl cannot be read'],
    ['a bad number', ['--port', 'many'], '--port must be a whole number from 0 to 65535, not "many"'],
    ['a PIN of letters', ['--xchat-pin', 'abcd'], '--xchat-pin must be four digits'],
    ['an unknown flag', ['--colour', 'red'], "Unknown option '--colour'"],
  ])('says what is wrong with %s in one sentence and ends with 1', async (_, args, message) => {
    writeFileSync(join(directory, 'bad.jsonl'), '{"from":"ann","text":"Hello"}\n{"from":"ann"}\n')
    const { exit, output } = start(args)
    expect((await exit).code).toBe(1)
    expect(output.err).toContain(message)
    expect(output.err.trim().split('\n')).toHaveLength(1)
  })

  test('says that its port is in use in one sentence and ends with 1', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const { exit, output } = start(['--port', String(port)])
    expect((await exit).code).toBe(1)
    other.close()
    expect(output.err).toBe(`simulator: port ${port} of 127.0.0.1 is in use: stop what uses it, or give --port\n`)
  })

  test('prints nothing with --quiet, and tells a parent its port', async () => {
    const child = fork(MAIN, ['--port', '0', '--quiet'], { cwd: ROOT, silent: true })
    children.push(child)
    let printed = ''
    child.stdout?.on('data', (chunk) => (printed += chunk))
    const [message] = await once(child, 'message')
    expect(message).toEqual({ ready: true, port: expect.any(Number) })
    expect((await state(`http://127.0.0.1:${message.port}`)).seed).toBe(1)
    expect(printed).toBe('')
    child.disconnect()
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  test('does not outlive a parent that was killed', async () => {
    const parent = spawn(process.execPath, ['-e', PARENT, MAIN], { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(parent)
    const [line] = await once(parent.stdout, 'data')
    const { pid, port } = JSON.parse(String(line))
    expect((await state(`http://127.0.0.1:${port}`)).seed).toBe(1)
    parent.kill('SIGKILL')
    const alive = () => {
      try {
        return process.kill(pid, 0)
      } catch {
        return false
      }
    }
    await expect.poll(alive, { timeout: 5_000 }).toBe(false)
  })
})

const PARENT = `
const { fork } = require('node:child_process')
const child = fork(process.argv[1], ['--port', '0', '--quiet'])
child.once('message', ({ port }) => console.log(JSON.stringify({ pid: child.pid, port })))
`
