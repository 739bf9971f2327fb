import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { alive, cleanUpAfterStarts, dataDir, exit, launch, MAIN, start, ticketCount } from '../helpers/npm-start.ts'

cleanUpAfterStarts()

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
    const rest = second.tree()
    second.child.kill('SIGTERM')
    expect(await exit(second.child)).toBe(0)
    expect(alive(rest)).toEqual([])
  }, 90_000)
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
