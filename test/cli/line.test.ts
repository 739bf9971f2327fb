import { describe, expect, it } from 'vitest'
import type { NewTicket } from '../../cli/follow.ts'
import { lineOf } from '../../cli/line.ts'

const ticket = (subject: string, name = 'mira'): NewTicket => ({
  position: 'abc:1',
  at: '2026-11-23T02:44:15.000Z',
  ticket: {
    id: 'x',
    number: 7,
    subject,
    status: 'NEW',
    channel: 'X_CORP',
    createdAt: '2026-11-23T02:44:15.000Z',
    requester: { name, xProfile: name === 'mira' ? { username: name } : null },
  },
})

describe('a line of the list', () => {
  it('keeps its columns whatever the number and the name', () => {
    const start = (line: string) => line.indexOf('post')
    expect(start(lineOf(ticket('a')))).toBe(start(lineOf(ticket('a', 'Some Name'))))
  })

  it('is cut to the width of the terminal, wide characters counted as two', () => {
    expect(lineOf(ticket('x'.repeat(200)), 80)).toMatch(/^.{79}…$/)
    const wide = lineOf(ticket('配'.repeat(100)), 80)
    const shown = wide.match(/配/g)?.length ?? 0
    expect(wide.length + shown).toBeLessThanOrEqual(80)
    expect(wide.length + shown).toBeGreaterThanOrEqual(79)
  })

  it('does not split an emoji of several code points', () => {
    const family = '👨‍👩‍👧‍👦'
    for (let columns = 46; columns < 66; columns++) {
      const rest = lineOf(ticket(family.repeat(30)), columns).replaceAll(family, '')
      expect(rest).toMatch(/post {2}…$/)
    }
  })

  it('lets no post write elsewhere on the terminal', () => {
    const line = lineOf(ticket('one\n\u001b[2Jtwo\u0007\u202ethree', 'Eve\u009b31m'))
    expect(line).not.toMatch(/[\p{Cc}\u202e]/u)
    expect(line).toContain('one [2Jtwo three')
  })

  it('says so when the ticket is gone', () => {
    expect(lineOf({ ...ticket('a'), ticket: null })).toContain('gone')
  })
})
