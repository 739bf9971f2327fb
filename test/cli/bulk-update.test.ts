import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openReport } from '../../cli/bulk/report.ts'
import { bulkUpdate } from '../../cli/bulk-update.ts'
import { metric } from '../helpers/metric.ts'
import { endCliRuns } from '../helpers/run-cli.ts'
import { startProxy } from '../helpers/tcp-proxy.ts'
import { type Deployment, deploy } from './deployment.ts'

let perch: Deployment
let folder: string
beforeAll(async () => {
  ;[perch, folder] = await Promise.all([deploy(), mkdtemp(join(tmpdir(), 'perch-cli-'))])
}, 60_000)
afterAll(async () => {
  await perch?.close()
  await rm(folder, { recursive: true, force: true })
})

let tag = 0
/** A tag that no other test has. */
let outage: string
beforeEach(() => {
  outage = `outage${++tag}`
})
afterEach(endCliRuns)

const filter = () => ['bulk-update', '--filter', `channel:x_corp status:OPEN tag:${outage}`]
const jobIn = (text: string) => /Bulk update (\S+) /.exec(text)?.[1] ?? ''
const tickets = () => perch.store.prisma.ticket.findMany({ where: { tags: { has: outage } } })

/** Keeps a ticket locked, so that the bulk update waits, until the promise is resolved. */
async function holding<T>(id: string | undefined, work: () => Promise<T>): Promise<T> {
  let release: (value?: unknown) => void = () => {}
  const released = new Promise((resolve) => {
    release = resolve
  })
  let held: () => void = () => {}
  const isHeld = new Promise<void>((resolve) => {
    held = resolve
  })
  const holder = perch.store.prisma.$transaction(
    async (db) => {
      await db.$queryRaw`SELECT id::text FROM ticket WHERE id = ${id}::uuid FOR UPDATE`
      held()
      await released
    },
    { timeout: 30_000 },
  )
  await isHeld
  return work().finally(() => {
    release()
    return holder
  })
}

describe('perch bulk-update', () => {
  it('changes what the filter finds, and nothing else', async () => {
    await Promise.all([perch.addTickets(300, [outage]), perch.addTickets(20, ['other'])])
    const run = perch.perch([...filter(), '--set', 'status=SOLVED', '--set', 'priority=high', '--add-tag', 'resolved'])
    expect(await run.ended).toBe(0)
    expect(run.lines()).toEqual([expect.stringMatching(/^Bulk update \S+ is COMPLETED\. 300 tickets: 300 done\.$/)])
    expect(run.said()).toMatch(
      /^Idempotency key: [0-9a-f-]{36}\n0 of 300 \(0 %\)\n(?:.*\n)*300 of 300 \(100 %\) {2}\S+\/s\n$/,
    )
    const found = await tickets()
    expect(found).toHaveLength(300)
    for (const { status, priority, tags } of found)
      expect({ status, priority, tags }).toEqual({ status: 'SOLVED', priority: 'HIGH', tags: [outage, 'resolved'] })
    const others = await perch.store.prisma.ticket.count({ where: { tags: { has: 'other' }, status: 'OPEN' } })
    expect(others).toBe(20)
  })

  it('shows with --dry-run what would become of the tickets, and changes nothing', async () => {
    await perch.addTickets(12, [outage])
    const before = [await tickets(), await perch.store.log.head(), await perch.store.prisma.bulkUpdateJob.count()]
    const run = perch.perch([
      ...filter(),
      '--set',
      'status=PENDING',
      '--set',
      'assignee=none',
      '--remove-tag',
      outage,
      '--dry-run',
    ])
    expect(await run.ended).toBe(0)
    expect(run.said()).toBe('')
    expect(run.lines().slice(0, 4)).toEqual([
      'A dry run: nothing was changed. 12 tickets:',
      '  12 would be changed',
      '',
      'The first 10 of them:',
    ])
    expect(run.lines().slice(4, 6)).toEqual([
      expect.stringMatching(/^#\d+ +Where is parcel \d+\?$/),
      `      status OPEN → PENDING; assignee Agent → nobody; tags ${outage} → none`,
    ])
    expect(run.lines()).toHaveLength(24)
    expect([await tickets(), await perch.store.log.head(), await perch.store.prisma.bulkUpdateJob.count()]).toEqual(
      before,
    )
  })

  it('answers the customers, and says before who would, and why', async () => {
    perch.simulator.createUser({ username: 'mira_test' })
    for (let n = 1; n <= 3; n++)
      perch.simulator.createPost({ from: 'mira_test', text: `@acme nothing works ${outage} ${n}` })
    const asked = { subject: { contains: outage } }
    await expect.poll(() => perch.store.prisma.ticket.count({ where: asked }), { timeout: 15_000 }).toBe(3)
    const answer = [
      'bulk-update',
      '--filter',
      `channel:X_CORP ${outage}`,
      '--reply',
      'We are back.',
      '--set',
      'status=SOLVED',
    ]
    const dry = perch.perch([...answer, '--dry-run'])
    expect(await dry.ended).toBe(0)
    expect(dry.lines()).toContainEqual(expect.stringMatching(/^ {2}3 answered by @acme \(X_POST\): /))
    expect(dry.lines()).toContainEqual(expect.stringMatching(/^ {2}X would charge \$\d+\.\d+ for the answers$/))
    expect(dry.lines().filter((line) => /^ {6}answered by @acme \(X_POST\): /.test(line))).toHaveLength(3)
    const run = perch.perch(answer)
    expect(await run.ended).toBe(0)
    const answers = () => perch.store.prisma.comment.count({ where: { body: 'We are back.', ticket: asked } })
    expect(await answers()).toBe(3)
  })

  it('exits 3 when tickets were left alone, says the first and writes all as CSV', async () => {
    const ids = await perch.addTickets(120, [outage])
    const path = join(folder, 'report.csv')
    const run = perch.perch([...filter(), '--set', 'status=CLOSED', '--report', path])
    expect(await run.ended).toBe(3)
    expect(run.lines()).toEqual([
      expect.stringMatching(/is COMPLETED\. 120 tickets: 0 done, 120 left alone, 120 in the report\.$/),
    ])
    const said = run.said().split('\n')
    expect(said.filter((line) => /^#\d+: FAILED – .+ \(INVALID_TRANSITION\)$/.test(line))).toHaveLength(5)
    expect(said).toContain('… and 115 more')
    const [head, ...rows] = (await readFile(path, 'utf8')).trimEnd().split('\n')
    expect(head).toBe('ticketId,number,outcome,code,message')
    const globalIds = ids.map((id) => Buffer.from(`Ticket:${id}`).toString('base64')).sort()
    expect(rows.map((row) => row.split(',')[0]).sort()).toEqual(globalIds)
    expect(rows[0]).toMatch(/^[^,]+,\d+,FAILED,INVALID_TRANSITION,"?Tickets are closed by themselves/)
  })

  it('takes ids from standard input, and takes back what it did', async () => {
    const [first, second] = await perch.addTickets(2, [outage])
    const gid = Buffer.from(`Ticket:${first}`).toString('base64')
    const run = perch.perch(['bulk-update', '--ids', '-', '--add-tag', 'seen'], { input: `${gid}\r\n\n${gid}\n` })
    expect(await run.ended).toBe(0)
    const tagsOf = async (id = '') => (await perch.store.prisma.ticket.findUnique({ where: { id } }))?.tags
    expect([await tagsOf(first), await tagsOf(second)]).toEqual([[outage, 'seen'], [outage]])
    const undo = perch.perch(['bulk-update', '--undo', jobIn(run.out())])
    expect(await undo.ended).toBe(0)
    expect(undo.out()).toMatch(/ is COMPLETED\. 1 ticket: 1 done\.\n$/)
    expect(await tagsOf(first)).toEqual([outage])
  })

  it('exits 3 and reports what an undo does not take back', async () => {
    const [id] = await perch.addTickets(1, [outage])
    const run = perch.perch([...filter(), '--set', 'priority=LOW', '--comment', 'Seen.'])
    expect(await run.ended).toBe(0)
    const path = join(folder, 'undo.csv')
    const undo = perch.perch(['bulk-update', '--undo', jobIn(run.out()), '--report', path])
    expect(await undo.ended).toBe(3)
    expect(undo.out()).toMatch(/ is COMPLETED\. 1 ticket: 1 done, 1 in the report\.\n$/)
    expect(undo.said()).toMatch(/^#\d+: CHANGED – The private note stays\. \(NOTE_STAYS\)$/m)
    const [, row] = (await readFile(path, 'utf8')).split('\n')
    expect(row).toMatch(/^[^,]+,\d+,CHANGED,NOTE_STAYS,The private note stays\.$/)
    expect(await perch.store.prisma.ticket.findUnique({ where: { id: id ?? '' } })).toMatchObject({ priority: null })
  })

  it('goes on watching when its connection is cut', async () => {
    const [id] = await perch.addTickets(50, [outage])
    const proxy = await startProxy('127.0.0.1', Number(new URL(perch.app.url).port))
    await expect.poll(() => metric(perch.app.url, 'websockets'), { timeout: 10_000 }).toBe(0)
    const readers = await metric(perch.app.url, 'feed_readers')
    const run = perch.perch([...filter(), '--add-tag', 'seen'], { url: `http://127.0.0.1:${proxy.port}` })
    await holding(id, async () => {
      await run.until(() => run.said().includes('0 of 50'))
      // Watching, not only about to: cut before that, it would be a connection that was never there.
      await expect.poll(() => metric(perch.app.url, 'feed_readers'), { timeout: 10_000 }).toBeGreaterThan(readers)
      await proxy.cut()
      await run.until(() => run.said().includes('reconnecting…'))
      await proxy.open()
      await run.until(() => run.said().includes('connected again'))
    })
    expect(await run.ended).toBe(0)
    expect(run.out()).toMatch(/50 tickets: 50 done\.\n$/)
    await proxy.close()
  })

  it('asks again with the same key when the answer is lost, and begins once', async () => {
    await perch.addTickets(30, [outage])
    const wire = await wireThatLoses('bulkUpdateTickets(input')
    const run = perch.perch([...filter(), '--comment', 'We are sorry.'], { url: wire.url })
    expect(await run.ended).toBe(0)
    expect(wire.lost()).toBe(1)
    expect(run.said()).toContain('No answer; asking again with the same key…\n')
    expect(run.out()).toMatch(/30 tickets: 30 done\.\n$/)
    const notes = await perch.store.prisma.comment.count({ where: { ticket: { tags: { has: outage } } } })
    expect(notes).toBe(30)
    await wire.close()
  })

  it('begins once for the same key, whoever runs it again', async () => {
    await perch.addTickets(10, [outage])
    const args = ['bulk-update', '--filter', `tag:${outage}`, '--comment', 'Once.', '--idempotency-key', outage]
    const jobs = []
    for (let run = 0; run < 2; run++) {
      const again = perch.perch(args)
      expect(await again.ended).toBe(0)
      expect(again.said()).not.toContain('Idempotency key')
      jobs.push(again.out())
    }
    expect(jobs[1]).toBe(jobs[0])
    expect(await perch.store.prisma.comment.count({ where: { ticket: { tags: { has: outage } } } })).toBe(10)
    const other = perch.perch([...args, '--add-tag', 'x'])
    expect(await other.ended).toBe(1)
    expect(other.said()).toMatch(/^Perch refused: .+ \(IDEMPOTENCY_CONFLICT\)\n$/)
  })

  it('leaves the bulk update alone at Ctrl-C, says how to find it again, and exits 130', async () => {
    const [id] = await perch.addTickets(20, [outage])
    const run = perch.perch([...filter(), '--add-tag', 'seen'])
    await holding(id, async () => {
      await run.until(() => run.said().includes('0 of 20'))
      run.child.kill('SIGINT')
      expect(await run.ended).toBe(130)
    })
    const job = /--watch (\S+)/.exec(run.said())?.[1] ?? ''
    const again = perch.perch(['bulk-update', '--watch', job])
    expect(await again.ended).toBe(0)
    expect(again.out()).toBe(`Bulk update ${job} is COMPLETED. 20 tickets: 20 done.\n`)
  })

  it('exits 4 when somebody stops it', async () => {
    // More than a batch, which is 1,000: what is under way is finished, the rest is not begun. The first of
    // them is held, for batches go by the ids.
    const [id] = (await perch.addTickets(1_500, [outage])).sort()
    const run = perch.perch([...filter(), '--add-tag', 'seen'])
    const cancel = await holding(id, async () => {
      await run.until(() => run.said().includes('0 of 1,500'))
      const begun = await perch.store.prisma.bulkUpdateJob.findFirstOrThrow({ orderBy: { createdAt: 'desc' } })
      const job = Buffer.from(`BulkUpdateJob:${begun.id}`).toString('base64')
      const cancelling = perch.perch(['bulk-update', '--cancel', job])
      // It waits for the batch, if need be, and the next batch for it.
      await Promise.race([cancelling.ended, expect.poll(waitingForLocks, { timeout: 10_000 }).toBeGreaterThan(1)])
      return cancelling
    })
    expect(await cancel.ended).toBe(0)
    expect(cancel.out()).toMatch(/^Bulk update \S+ is CANCELLED: \d+ of 1500 tickets were tried\.\n$/)
    expect(await run.ended).toBe(4)
    expect(run.out()).toMatch(/ is CANCELLED\. 1,500 tickets: [\d,]+ done, [\d,]+ not tried\.\n$/)
  })

  /** How many transactions wait for another. */
  async function waitingForLocks(): Promise<number> {
    const [row] = await perch.store.prisma.$queryRaw<[{ count: number }]>`
      SELECT count(*)::int AS count FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`
    return row.count
  }

  it.each([
    [
      'a name that is nobody’s',
      ['--filter', 'tag:a group:"Nobody here"', '--add-tag', 'x'],
      2,
      /^--filter, column 13: there is no such group.+\n {2}tag:a group:"Nobody here"\n {14}\^{13}$/,
    ],
    ['an empty filter', ['--filter', ' ', '--add-tag', 'x'], 2, /^--filter is empty\. For all tickets, say --all\.$/],
    [
      'two ways to say which tickets',
      ['--all', '--filter', 'a', '--add-tag', 'x'],
      2,
      /^Say which tickets, in one way/,
    ],
    ['nothing to change', ['--all'], 2, /^Say what to change/],
    ['a status that is none', ['--all', '--set', 'status=OPNE'], 2, /^--set status: expected NEW, OPEN/],
    [
      'an assignee that is not said',
      ['--all', '--set', 'assignee='],
      2,
      /^--set assignee has no value\. .+ say none\.$/,
    ],
    ['tags that are not said', ['--all', '--set', 'tags= '], 2, /^--set tags has no value\./],
    ['a priority taken away', ['--all', '--set', 'priority=none'], 2, /^--set priority: expected LOW, NORMAL/],
    [
      'a password in the address',
      ['--all', '--add-tag', 'x', '--url', 'http://a:secret@b'],
      2,
      /^(?!.*secret).+--token\.$/,
    ],
    ['a token that cannot be one', ['--all', '--add-tag', 'x', '--token', 'abc…'], 2, /^The token has characters/],
    ['a report of a cancellation', ['--cancel', 'x', '--report', 'r.csv'], 2, /^--report goes with/],
    ['an assignee that is nobody', ['--all', '--set', 'assignee=Nobody'], 2, /^--set assignee: there is no such agent/],
    [
      'a field that cannot be set',
      ['--all', '--set', 'subject=x'],
      2,
      /^--set takes field=value, with a field of status, priority/,
    ],
    ['--watch with other things', ['--watch', 'x', '--all'], 2, /^--watch, --cancel and --undo stand alone\.$/],
    [
      'a report that cannot be written',
      ['--all', '--add-tag', 'x', '--report', '/nowhere/x.csv'],
      1,
      /^The report cannot be written: /,
    ],
    ['what Perch refuses', ['--all', '--add-tag', ' '], 1, /^Perch refused: .+$/],
    [
      'an address where nobody is',
      ['--all', '--add-tag', 'x', '--url', 'http://127.0.0.1:1'],
      1,
      /^No answer from http:\/\/127\.0\.0\.1:1\/graphql: is Perch running there\? See --url\.$/,
    ],
  ])('says in a sentence what is wrong with %s', async (_what, args, code, sentence) => {
    const server = args.includes('--url') ? [] : ['--url', perch.app.url]
    const token = args.includes('--token') ? [] : ['--token', perch.token]
    const refused = bulkUpdate([...args, ...server, ...token])
    await expect(refused).rejects.toMatchObject({ exitCode: code, message: expect.stringMatching(sentence) })
  })

  it('exits with what is wrong, as a script sees it', async () => {
    const unknown = [
      ['nonsense'],
      [],
      ['bulk-update', '--nonsense'],
      ['bulk-update', '--filter', 'tag:a statis:OPEN', '--add-tag', 'x'],
    ]
    const said = [
      /^There is no command "nonsense"\.\n\nUsage: perch COMMAND/,
      /^Usage: perch COMMAND/,
      /^Unknown option '--nonsense'.*\nSee perch bulk-update --help\.\n$/,
      /^--filter, column 7: there is no such field.+\n {2}tag:a statis:OPEN\n {8}\^{6}\n$/,
    ]
    for (const [index, args] of unknown.entries()) {
      const run = perch.perch(args)
      expect(await run.ended).toBe(2)
      expect(run.said()).toMatch(said[index] ?? '')
      expect(run.out()).toBe('')
    }
  })

  it('prints how it is used', async () => {
    for (const args of [['--help'], ['bulk-update', '--help'], ['export', '--help'], ['start', '--help']]) {
      const run = perch.perch(args)
      expect(await run.ended).toBe(0)
      expect(run.out()).toMatch(/^Usage: perch /)
      expect(run.said()).toBe('')
    }
  })
})

it('a report has no cell that a spreadsheet would run', async () => {
  const path = join(folder, 'formulas.csv')
  const report = await openReport(path)
  const evil = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', 'fine, "quoted"']
  const items = (async function* () {
    for (const message of evil)
      yield { ticketId: 'x', outcome: 'FAILED', ticket: null, errors: [{ code: 'C', message }] }
  })()
  expect(await report.write(items)).toBe(evil.length)
  const cells = (await readFile(path, 'utf8')).split('\n').slice(1, -1)
  expect(cells).toHaveLength(evil.length)
  for (const cell of cells.slice(0, -1)) expect(cell).toMatch(/^x,,FAILED,C,"?'/)
  expect(cells.at(-1)).toBe('x,,FAILED,C,"fine, ""quoted"""')
})

/** A wire to Perch that once takes a request to it and loses the answer. */
async function wireThatLoses(what: string) {
  let lost = 0
  const server = createServer((client) => {
    const target = connect(Number(new URL(perch.app.url).port), '127.0.0.1')
    let losing = false
    client.on('data', (data) => {
      if (lost === 0 && data.includes(what)) losing = true
      target.write(data)
    })
    target.on('data', (data) => {
      if (!losing) return void client.write(data)
      lost++
      losing = false
      client.destroy()
    })
    for (const [one, other] of [
      [client, target],
      [target, client],
    ] as const)
      one.on('error', () => other.destroy()).on('close', () => other.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lost: () => lost,
    close: () => new Promise((resolve) => server.close(resolve)),
  }
}
