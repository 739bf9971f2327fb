import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { endCliRuns, hasTerminals } from '../helpers/run-cli.ts'
import { type Deployment, deploy } from './deployment.ts'

/* `perch bulk-update` as a person sees it. Without `script` of util-linux there is no terminal to run it on. */

let perch: Deployment
beforeAll(async () => {
  perch = await deploy()
}, 60_000)
afterAll(() => perch?.close())
afterEach(endCliRuns)

let tag = 0
let outage: string
beforeEach(() => {
  outage = `outage${++tag}`
})

const change = (...more: string[]) => ['bulk-update', '--filter', `tag:${outage}`, '--set', 'priority=LOW', ...more]
const changed = () => perch.store.prisma.ticket.count({ where: { tags: { has: outage }, priority: 'LOW' } })

const QUESTION = /This changes 101 tickets\. Go on\? \[y\/N\] /
const HIDDEN = '\u001b[?25l'
const SHOWN = '\u001b[?25h'

describe.skipIf(!hasTerminals)('on a terminal (skipped where util-linux has no `script`), perch bulk-update', () => {
  it('asks about more than 100 tickets, and shows a bar to the end', async () => {
    await perch.addTickets(101, [outage])
    const run = perch.onTerminal(change())
    await run.until(() => QUESTION.test(run.out()))
    expect(await changed()).toBe(0)
    run.child.stdin.write('y\r')
    expect(await run.ended).toBe(0)
    expect(run.out()).toMatch(/[█░]{24} 100 % {2}101 of 101/)
    expect(run.out()).toMatch(/ is COMPLETED\. 101 tickets: 101 done\./)
    // The bar hides the cursor while it moves, and gives it back.
    expect(run.out().lastIndexOf(SHOWN)).toBeGreaterThan(run.out().lastIndexOf(HIDDEN))
    expect(run.out()).toContain(HIDDEN)
    expect(await changed()).toBe(101)
  })

  it.each([
    ['no', 'n\r'],
    ['nothing', '\r'],
    ['Ctrl-C', '\u0003'],
    ['Ctrl-D', '\u0004'],
  ])('changes nothing when the answer is %s', async (_what, keys) => {
    await perch.addTickets(101, [outage])
    const run = perch.onTerminal(change())
    await run.until(() => QUESTION.test(run.out()))
    run.child.stdin.write(keys)
    expect(await run.ended).toBe(1)
    expect(run.out()).toContain('Nothing was changed.')
    expect(await changed()).toBe(0)
    expect(await perch.store.prisma.bulkUpdateJob.count({ where: { status: { not: 'COMPLETED' } } })).toBe(0)
  })

  it('asks about a reply to one ticket, and not with --yes', async () => {
    await perch.addTickets(1, [outage])
    const run = perch.onTerminal(change('--reply', 'We are back.'))
    await run.until(() => /This changes 1 ticket and answers the customers\. Go on\? /.test(run.out()))
    run.child.stdin.write('n\r')
    expect(await run.ended).toBe(1)
    const sure = perch.onTerminal(change('--yes'))
    expect(await sure.ended).toBe(0)
    expect(sure.out()).not.toContain('Go on?')
    expect(await changed()).toBe(1)
  })
})
