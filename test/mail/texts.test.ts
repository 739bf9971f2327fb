import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DEAUTHORIZATION_CAUSES } from '../../src/domain/event.ts'
import { ANSWER_ABOVE, answerMail, deauthorizedMail, inactivityMail } from '../../src/mail/texts.ts'

const at = new Date('2026-11-23T04:05:06Z')
const link = 'https://support.example/oauth/x/start?ticket=a.b-c_d'

describe('what administrators are written', () => {
  it.each(DEAUTHORIZATION_CAUSES)('tells of %s in words, with the handle, the moment and the link', (cause) => {
    const mail = deauthorizedMail({ screenName: 'acme', cause, at, link })
    expect(mail.subject).toBe('@acme must be authorized anew on X')
    for (const body of [mail.text, mail.html]) {
      for (const part of ['@acme', '2026-11-23 04:05 UTC', link]) expect(body).toContain(part)
      expect(body).not.toContain(cause)
    }
  })

  it('says a different reason for each cause', () => {
    const texts = DEAUTHORIZATION_CAUSES.map((cause) => deauthorizedMail({ screenName: 'acme', cause, at, link }).text)
    expect(new Set(texts).size).toBe(DEAUTHORIZATION_CAUSES.length)
  })

  it('warns of silence, with the day on which access ends', () => {
    const mail = inactivityMail({ screenName: 'acme', days: 15, deauthorizesAt: at, link })
    expect([mail.subject, mail.text]).toEqual([
      '@acme has had no traffic for 15 days',
      expect.stringContaining('until 2026-11-23 04:05 UTC'),
    ])
  })

  it('is text, whatever the name: never markup', () => {
    fc.assert(
      fc.property(fc.string(), (screenName) => {
        const { html } = deauthorizedMail({
          screenName: `${screenName}<img src=x onerror="a">`,
          cause: 'REFUSED',
          at,
          link,
        })
        expect(html).not.toContain('<img')
        const tags = [...html.matchAll(/<(\w+)/g)].map(([, tag]) => tag)
        expect(new Set(tags)).toEqual(new Set(['html', 'head', 'meta', 'body', 'div', 'p', 'a']))
      }),
    )
  })
})

describe('an answer to a customer', () => {
  it('stands below the line that mail programs repeat', () => {
    const { text, html } = answerMail({ subject: 'where is  my\nparcel?', body: 'On its way.\n\n<3' })
    expect(text).toBe(`${ANSWER_ABOVE}\n\nOn its way.\n\n<3\n`)
    expect(html.indexOf(ANSWER_ABOVE)).toBeLessThan(html.indexOf('On its way.'))
  })
})
