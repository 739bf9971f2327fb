import { EventEmitter } from 'node:events'
import { Writable } from 'node:stream'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { exportLog } from '../../cli/export.ts'
import { sinkOf } from '../../cli/sink.ts'
import { metric } from '../helpers/metric.ts'
import { endCliRuns } from '../helpers/run-cli.ts'
import { startProxy } from '../helpers/tcp-proxy.ts'
import { type Deployment, deploy } from './deployment.ts'

/** Enough that no buffer between Perch and a reader who sleeps holds them all. */
const ROUNDS = 4
const TICKETS = 700

const line = z.strictObject({
  position: z.string(),
  at: z.iso.datetime(),
  type: z.string(),
  actor: z.strictObject({ kind: z.literal('USER'), userId: z.string(), part: z.null(), bulkUpdateId: z.string() }),
  ticketId: z.string(),
  ticketNumber: z.number(),
  commentId: z.null(),
  changes: z.array(z.strictObject({ field: z.string(), before: z.unknown(), after: z.unknown() })),
  mergedIntoId: z.null(),
  mergedSourceIds: z.tuple([]),
  snapshot: z.strictObject({
    status: z.enum(['OPEN', 'PENDING']),
    priority: z.null(),
    channel: z.literal('X_CORP'),
    accountId: z.string(),
    requesterId: z.string(),
    assigneeId: z.string(),
    groupId: z.null(),
    tags: z.array(z.string()),
  }),
  after: z.string(),
})

let perch: Deployment
/** The positions of all events of tickets. */
let wanted: string[]
let end: string
beforeAll(async () => {
  perch = await deploy()
  await perch.addTickets(TICKETS, ['outage'])
  for (let round = 0; round < ROUNDS; round++) await changeAll(round % 2 === 0 ? 'PENDING' : 'OPEN')
  const events = await perch.store.prisma.event.findMany({ orderBy: { offset: 'asc' } })
  const { epoch, head } = await perch.store.log.head()
  end = `${epoch}:${head}`
  wanted = events.filter(({ type }) => type === 'ticket.updated').map(({ offset }) => `${epoch}:${offset}`)
  expect(wanted).toHaveLength(ROUNDS * TICKETS)
  // The last event is the end of a bulk update, which no subscriber of tickets is told of.
  expect(events.at(-1)?.type).toBe('bulkUpdate.progress')
}, 60_000)
afterAll(() => perch?.close())
afterEach(endCliRuns)

async function changeAll(status: string): Promise<void> {
  const { bulkUpdateTickets } = await perch.ask<{ bulkUpdateTickets: { job: { id: string } } }>(
    'mutation ($patch: BulkPatchInput!) { bulkUpdateTickets(input: { filter: {}, patch: $patch }) { job { id } } }',
    {
      patch: { status, ...(status === 'OPEN' && { addTags: ['a tag that is not short, to have something to send'] }) },
    },
  )
  const job = () =>
    perch
      .ask<{ bulkUpdateJob: { status: string } }>(
        'query ($id: ID!) { bulkUpdateJob(id: $id) { status } }',
        bulkUpdateTickets.job,
      )
      .then(({ bulkUpdateJob }) => bulkUpdateJob.status)
  await vi.waitFor(async () => expect(await job()).toBe('COMPLETED'), { timeout: 20_000, interval: 20 })
}

const positionsOf = (lines: readonly string[]) => lines.map((text) => line.parse(JSON.parse(text)).position)

/** What each line says of the line before. */
const aftersOf = (lines: readonly string[]) => lines.map((text) => line.parse(JSON.parse(text)).after)

describe('perch export', () => {
  it('writes every event as a line, in order, once, and ends though the last one is not for it', async () => {
    const run = perch.perch(['export', '--after', 'start'])
    expect(await run.ended).toBe(0)
    expect(positionsOf(run.lines())).toEqual(wanted)
    const [first, ...afters] = aftersOf(run.lines())
    expect(first).toBe(`${end.split(':')[0]}:0`)
    expect(afters).toEqual(wanted.slice(0, -1))
    expect(run.said()).toBe(`2,800 events. Go on with --after ${end}\n`)
    expect(line.parse(JSON.parse(run.lines()[0] ?? ''))).toMatchObject({
      type: 'TICKET_UPDATED',
      changes: [{ field: 'status', before: 'OPEN', after: 'PENDING' }],
      snapshot: { status: 'PENDING', tags: ['outage'] },
    })
  })

  it('goes on behind the last line of the last export, also if nothing came since', async () => {
    const rest = perch.perch(['export', '--after', wanted[2_600] ?? '', '--quiet'])
    expect(await rest.ended).toBe(0)
    expect(positionsOf(rest.lines())).toEqual(wanted.slice(2_601))
    expect(aftersOf(rest.lines())).toEqual(wanted.slice(2_600, -1))
    expect(rest.said()).toBe('')
    const nothing = perch.perch(['export', '--after', end])
    expect(await nothing.ended).toBe(0)
    expect(nothing.out()).toBe('')
  })

  it('waits for a slow reader, and misses and repeats nothing when it is cut off meanwhile', async () => {
    const proxy = await startProxy('127.0.0.1', Number(new URL(perch.app.url).port))
    const run = perch.perch(['export', '--after', 'start'], { url: `http://127.0.0.1:${proxy.port}`, reading: false })
    const { stdout } = run.child
    await expect.poll(() => metric(perch.app.url, 'websockets'), { timeout: 30_000 }).toBeGreaterThan(0)
    await proxy.cut()
    await proxy.open()
    let out = ''
    let cuts = 0
    stdout?.on('data', (text: string) => {
      out += text
      if (cuts < 3 && out.length > (cuts + 1) * 150_000) {
        cuts++
        void proxy.cut().then(() => proxy.open())
      }
    })
    expect(await run.ended).toBe(0)
    expect(cuts).toBe(3)
    expect(positionsOf(out.split('\n').slice(0, -1))).toEqual(wanted)
    await proxy.close()
  })

  it('follows what comes, and filters', async () => {
    const run = perch.perch(['export', '--after', end, '--follow', '--filter', 'tag:urgent -tag:"calm"'])
    await perch.addTickets(1, ['urgent'])
    await perch.addTickets(1, ['urgent', 'calm'])
    await changeAll('PENDING')
    await run.until(() => run.lines().length >= 1)
    expect(run.lines()).toHaveLength(1)
    expect(JSON.parse(run.lines()[0] ?? '')).toMatchObject({ type: 'TICKET_UPDATED', changes: [{ after: 'PENDING' }] })
    run.child.kill('SIGINT')
    await run.ended
    expect(run.child.signalCode).toBe('SIGINT')
  })

  it('ends quietly when its reader has had enough', async () => {
    const run = perch.perch(['export', '--after', 'start'])
    await run.until(() => run.lines().length > 10)
    run.child.stdout?.destroy()
    expect(await run.ended).toBe(0)
    expect(run.said()).toBe('')
  })

  it.each([
    ['a position of another log', ['--after', 'abcdef012345:1'], 1, /epoch.+Begin anew with --after start\.$/],
    ['a position that is none', ['--after', 'yesterday'], 1, /^Perch refused: .+A position is the text.+$/],
    ['no position', [], 2, /^Say where to begin: --after POSITION, or --after start\.$/],
    [
      'a filter that events do not take',
      ['--after', 'start', '--filter', 'tag:a created>2026-01-01'],
      2,
      /^--filter, column 7: events cannot be filtered by this\.\n/,
    ],
  ])('writes nothing but a sentence, for %s', async (_what, args, code, sentence) => {
    const refused = exportLog([...args, '--url', perch.app.url, '--token', perch.token])
    await expect(refused).rejects.toMatchObject({ exitCode: code, message: expect.stringMatching(sentence) })
  })
})

describe('a sink', () => {
  it('does not let the socket be read while the reader is behind, nor a new one be opened', async () => {
    const taken: (() => void)[] = []
    const stream = new Writable({ highWaterMark: 10, write: (_chunk, _encoding, done) => void taken.push(done) })
    const heard: string[] = []
    const socket = Object.assign(new EventEmitter(), {
      pause: () => void heard.push('pause'),
      resume: () => void heard.push('resume'),
    })
    const sink = sinkOf(stream)
    sink.onSocket(socket)
    sink.write('short')
    expect(heard).toEqual([])
    sink.write('and something longer')
    sink.write('which was on its way')
    expect(heard).toEqual(['pause'])
    const drained = sink.drained().then(() => heard.push('ready'))
    while (stream.writableLength > 0) {
      taken.shift()?.()
      await new Promise(setImmediate)
    }
    await drained
    expect(heard).toEqual(['pause', 'resume', 'ready'])
    await sink.drained()
  })
})
