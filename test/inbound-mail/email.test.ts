import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSimulator, type Simulator } from '../../simulator/index.ts'
import type { App } from '../../src/app.ts'
import { ANSWER_ABOVE } from '../../src/mail/texts.ts'
import { encodeGlobalId } from '../../src/schema/global-id.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { connectBrand, query, startPerch, tokenFor } from '../helpers/perch.ts'
import { startSmtp, type TestSmtp } from '../helpers/smtp.ts'

/** F38: a ticket that goes on by e-mail, over a real SMTP server and the inbound door. */

const TOKEN = 'the token of a mail server that only tests know'

let simulator: Simulator
let database: TestDatabase
let smtp: TestSmtp
let app: App
beforeAll(async () => {
  ;[simulator, database, smtp] = await Promise.all([createSimulator(), testDatabase(), startSmtp()])
  await connectBrand(database.url, simulator)
  app = await startPerch({
    databaseUrl: database.url,
    simulatorUrl: simulator.url,
    env: { SMTP_URL: smtp.url, MAIL_REPLY_TO: 'Support@acme.example', MAIL_INBOUND_TOKEN: TOKEN },
  })
}, 30_000)
afterAll(async () => {
  await app?.close()
  await smtp?.close()
  await simulator?.close()
  await database?.drop()
})

let customers = 0
const ask = async <Data>(text: string, variables: object) =>
  query<Data>(app.url, await tokenFor(app, 'admin'), text, variables)

/** A ticket of somebody new; with an address unless told otherwise. */
async function ticket(email: string | null = `customer${++customers}@mail.example`) {
  const from = `customer_${++customers}`
  simulator.createUser({ username: from })
  const { id: sourcePostId } = simulator.createPost({ from, text: '@acme where is my parcel?' })
  const find = () => app.store.prisma.ticket.findUnique({ where: { sourcePostId } })
  await expect.poll(find, { timeout: 10_000 }).not.toBeNull()
  const row = await find()
  if (!row) throw new Error('no ticket')
  await app.store.prisma.user.update({ where: { id: row.requesterId }, data: { email } })
  return { ...row, global: encodeGlobalId('Ticket', row.id), email: email ?? '' }
}

async function move(ticketId: string, back = false) {
  const { moveTicketToEmail } = await ask<{
    moveTicketToEmail: { ticket: { movedToEmailAt: string | null }; userErrors: { code: string }[] }
  }>(
    `mutation($input: MoveTicketToEmailInput!) { moveTicketToEmail(input: $input) {
       ticket { movedToEmailAt } userErrors { code } } }`,
    { input: { ticketId, back } },
  )
  return moveTicketToEmail
}

/** An answer of ours, as it arrives. */
async function answer(ticketId: string, body: string) {
  const before = smtp.mails.length
  const { replyToTicket } = await ask<{ replyToTicket: { comment: { id: string }; userErrors: object[] } }>(
    `mutation($input: ReplyToTicketInput!) { replyToTicket(input: $input) { comment { id } userErrors { code message } } }`,
    { input: { ticketId, body } },
  )
  expect(replyToTicket.userErrors).toEqual([])
  await expect.poll(() => smtp.mails.length, { timeout: 10_000 }).toBe(before + 1)
  const mail = smtp.mails[before]
  if (!mail) throw new Error('no mail')
  return mail
}

const addressOf = (mail: TestSmtp['mails'][number]) => mail.replyTo?.value[0]?.address ?? ''

async function hand(raw: string, token = TOKEN): Promise<Record<string, unknown>> {
  const response = await fetch(`${app.url}/inbound/email`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'message/rfc822' },
    body: raw.replaceAll('\n', '\r\n'),
  })
  return { status: response.status, ...((await response.json()) as Record<string, unknown>) }
}

let letters = 0
const letter = (headers: Record<string, string>, text: string) =>
  `${Object.entries({
    'Message-ID': `<letter-${++letters}@mail.example>`,
    Subject: 'Re: parcel',
    'Content-Type': 'text/plain; charset=utf-8',
    ...headers,
  })
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n')}\n\n${text}\n`

const comments = (ticketId: string) =>
  app.store.prisma.comment.findMany({ where: { ticketId }, orderBy: [{ postedAt: 'asc' }, { id: 'asc' }] })

describe('a ticket', () => {
  it('is moved to e-mail when there is an address, and back', async () => {
    const without = await ticket(null)
    expect(await move(without.global)).toMatchObject({ userErrors: [{ code: 'NO_EMAIL' }] })
    const { global } = await ticket()
    expect(await move(global)).toMatchObject({ ticket: { movedToEmailAt: expect.any(String) }, userErrors: [] })
    const options = `query($id: ID!) { replyOptions(ticketId: $id) { channel limit price } }`
    expect(await ask(options, { id: global })).toEqual({
      replyOptions: { channel: 'EMAIL', limit: 50_000, price: '0.00' },
    })
    expect(await move(global, true)).toMatchObject({ ticket: { movedToEmailAt: null }, userErrors: [] })
    expect(await ask(options, { id: global })).toMatchObject({ replyOptions: { channel: 'X_POST' } })
  })

  it('goes on by mails that thread: to the customer, from us, answers to the ticket', { timeout: 30_000 }, async () => {
    const { id, global, number, email } = await ticket()
    await move(global)
    const first = await answer(global, 'It is on its way.\n\nBest, Grace & Co <3')
    expect(first).toMatchObject({
      subject: 'Re: where is my parcel?',
      from: { value: [{ address: 'perch@localhost' }] },
    })
    expect(first.to).toMatchObject({ value: [{ address: email }] })
    expect(first.text).toBe(`${ANSWER_ABOVE}\n\nIt is on its way.\n\nBest, Grace & Co <3\n`)
    expect(addressOf(first)).toMatch(new RegExp(`^Support\\+${number}\\.[0-9a-f]{20}@acme\\.example$`))
    expect(first.headers.get('auto-submitted')).toBeUndefined()
    await app.store.prisma.ticket.update({ where: { id }, data: { status: 'PENDING' } })

    const theirs = letter(
      { From: `Ada <${email}>`, To: addressOf(first).toUpperCase(), 'In-Reply-To': String(first.messageId) },
      'Thank you!\n\nOn Mon, 23 Nov 2026 at 10:00, Perch <perch@localhost>\nwrote:\n> It is on its way.\n> --- Please',
    )
    expect(await hand(theirs)).toEqual({ status: 200, outcome: 'COMMENT', ticketNumber: number })
    const said = (await comments(id)).at(-1)
    expect(said).toMatchObject({ body: 'Thank you!', channel: 'EMAIL', direction: 'INBOUND', visibility: 'PUBLIC' })
    expect(await app.store.prisma.ticket.findUnique({ where: { id } })).toMatchObject({
      status: 'OPEN',
      commentCount: 3,
    })
    // The same again, as mail servers do.
    expect(await hand(theirs)).toEqual({ status: 200, outcome: 'DUPLICATE', ticketNumber: number })

    const second = await answer(global, 'You are welcome.')
    expect(second.inReplyTo).toBe(`<letter-${letters}@mail.example>`)
    expect(second.references).toEqual([first.messageId, second.inReplyTo])
  })

  it('is answered though its account is unlinked, and no other is the default', { timeout: 30_000 }, async () => {
    const { id, global } = await ticket()
    await move(global)
    const gone = { id: uuidv7(), xUserId: `9${customers}`, screenName: `gone_${customers}`, name: 'Gone' }
    await app.store.prisma.account.create({ data: { ...gone, status: 'UNLINKED', unlinkedAt: new Date() } })
    await app.store.prisma.ticket.update({ where: { id }, data: { accountId: gone.id } })
    const options = `query($id: ID!) { replyOptions(ticketId: $id) { channel refusal preselected { reason } senders { allowed } } }`
    expect(await ask(options, { id: global })).toEqual({
      replyOptions: { channel: 'EMAIL', refusal: null, preselected: null, senders: [{ allowed: true }] },
    })
    expect((await answer(global, 'We are still here.')).text).toContain('We are still here.')
  })

  it('whose mail is refused says why', { timeout: 30_000 }, async () => {
    const { id, global } = await ticket()
    await move(global)
    smtp.refuse(550)
    const { replyToTicket } = await ask<{ replyToTicket: { comment: { id: string } } }>(
      `mutation($input: ReplyToTicketInput!) { replyToTicket(input: $input) { comment { id } } }`,
      { input: { ticketId: global, body: 'Hello' } },
    )
    const delivery = () => app.store.prisma.delivery.findFirst({ where: { ticketId: id } })
    await expect.poll(delivery, { timeout: 10_000 }).toMatchObject({ state: 'FAILED', error: 'MAIL_REFUSED' })
    smtp.refuse(null)
    const commentId = replyToTicket.comment.id
    const words = async () => {
      const { ticket: read } = await ask<{
        ticket: { comments: { nodes: { delivery: { message: string } | null }[] } }
      }>('query($id: ID!) { ticket(id: $id) { comments(last: 1) { nodes { delivery { message } } } } }', { id: global })
      return read.comments.nodes[0]?.delivery?.message
    }
    expect(await words()).toMatch(/^The mail server refuses/)
    await app.store.prisma.delivery.updateMany({
      where: { ticketId: id },
      data: { state: 'UNKNOWN', error: 'UNKNOWN' },
    })
    expect(await words()).toMatch(/mail servers cannot be asked/)
    const { retryReply } = await ask<{ retryReply: { userErrors: { code: string; message: string }[] } }>(
      'mutation($input: RetryReplyInput!) { retryReply(input: $input) { userErrors { code message } } }',
      { input: { commentId } },
    )
    expect(retryReply.userErrors).toEqual([
      { code: 'MAY_BE_SENT', message: expect.stringMatching(/^The customer may have the e-mail already/) },
    ])
  })

  it('that is closed goes on in a follow-up, by e-mail', { timeout: 30_000 }, async () => {
    const { id, global, email, requesterId } = await ticket()
    await move(global)
    const mail = await answer(global, 'Done.')
    await app.store.prisma.ticket.update({ where: { id }, data: { status: 'CLOSED', solvedAt: new Date() } })
    const taken = await hand(letter({ From: email, To: addressOf(mail) }, 'Not quite'))
    expect(taken).toMatchObject({ status: 200, outcome: 'FOLLOW_UP' })
    const next = await app.store.prisma.ticket.findUniqueOrThrow({ where: { number: Number(taken['ticketNumber']) } })
    expect(next).toMatchObject({ followUpOfId: id, requesterId, status: 'NEW', movedToEmailAt: expect.any(Date) })
    expect((await comments(next.id)).map(({ body }) => body)).toEqual(['Not quite'])
    // F26: there is one at a time, also of that one.
    const write = (text: string) => hand(letter({ From: email, To: addressOf(mail) }, text))
    expect(await write('And')).toMatchObject({ outcome: 'COMMENT', ticketNumber: next.number })
    await app.store.prisma.ticket.update({ where: { id: next.id }, data: { status: 'CLOSED', solvedAt: new Date() } })
    const both = await Promise.all([write('One'), write('Two')])
    expect(both.map(({ outcome }) => outcome).toSorted()).toEqual(['COMMENT', 'FOLLOW_UP'])
    expect(both[0]?.['ticketNumber']).toBe(both[1]?.['ticketNumber'])
    await app.store.prisma.ticket.updateMany({ where: { followUpOfId: id }, data: { deletedAt: new Date() } })
    expect(await write('Three')).toMatchObject({ outcome: 'FOLLOW_UP' })
  })

  it('that is full goes on in a follow-up (F24)', { timeout: 30_000 }, async () => {
    const { id, global, email } = await ticket()
    await move(global)
    const mail = await answer(global, 'Done.')
    await app.store.prisma.ticket.update({ where: { id }, data: { commentCount: 5_000, status: 'PENDING' } })
    const write = (text: string) => hand(letter({ From: email, To: addressOf(mail) }, text))
    const taken = await write('One more')
    expect(taken).toMatchObject({ outcome: 'FOLLOW_UP' })
    expect(await app.store.prisma.ticket.findUnique({ where: { id } })).toMatchObject({
      commentCount: 5_000,
      status: 'PENDING',
    })
    expect(await write('And another')).toEqual({ ...taken, outcome: 'COMMENT' })
  })
})

describe('a mail to a ticket that was merged', () => {
  /** As merging leaves them. */
  const merged = (id: string, mergedIntoId: string) =>
    app.store.prisma.ticket.update({ where: { id }, data: { status: 'CLOSED', mergedIntoId } })

  it('goes on where the chain of merges ends, while that is open; then in a follow-up of its own', {
    timeout: 30_000,
  }, async () => {
    const { id, global, email, requesterId } = await ticket()
    const [middle, last] = [await ticket(null), await ticket(null)]
    await app.store.prisma.ticket.updateMany({ where: { id: { in: [middle.id, last.id] } }, data: { requesterId } })
    await move(global)
    const mail = await answer(global, 'Done.')
    await merged(id, middle.id)
    await merged(middle.id, last.id)
    const write = (text: string) => hand(letter({ From: email, To: addressOf(mail) }, text))
    expect(await write('Thanks')).toMatchObject({ outcome: 'COMMENT', ticketNumber: last.number })
    expect((await comments(last.id)).at(-1)).toMatchObject({ body: 'Thanks', visibility: 'PUBLIC' })
    // Also when the source was thrown away as a duplicate.
    await app.store.prisma.ticket.update({ where: { id }, data: { deletedAt: new Date() } })
    expect(await write('Thanks again')).toMatchObject({ outcome: 'COMMENT', ticketNumber: last.number })
    await app.store.prisma.ticket.update({ where: { id }, data: { deletedAt: null } })
    await app.store.prisma.ticket.update({ where: { id: last.id }, data: { status: 'CLOSED' } })
    const taken = await write('One more thing')
    expect(taken).toMatchObject({ outcome: 'FOLLOW_UP' })
    const number = Number(taken['ticketNumber'])
    expect(await app.store.prisma.ticket.findUnique({ where: { number } })).toMatchObject({ followUpOfId: id })
    await app.store.prisma.ticket.update({ where: { id: last.id }, data: { deletedAt: new Date() } })
    expect(await write('And another')).toEqual({ ...taken, outcome: 'COMMENT' })
  })
})

describe('a mail that comes in', () => {
  it('is matched by the message it answers, too, and says what came along', { timeout: 30_000 }, async () => {
    const { id, global, email } = await ticket()
    await move(global)
    const mail = await answer(global, 'Please send a photo.')
    const raw = letter(
      {
        From: email,
        To: 'support@acme.example',
        References: `<other@mail.example> ${mail.messageId}`,
        'Content-Type': 'multipart/mixed; boundary=b',
      },
      '--b\nContent-Type: text/plain\n\nHere it is\n--b\nContent-Type: image/png; name=parcel.png\nContent-Disposition: attachment; filename=parcel.png\nContent-Transfer-Encoding: base64\n\naGVsbG8=\n--b--',
    )
    expect(await hand(raw)).toMatchObject({ outcome: 'COMMENT' })
    expect((await comments(id)).slice(-2)).toMatchObject([
      { body: 'Here it is', visibility: 'PUBLIC' },
      { body: 'The e-mail came with what is not kept here: parcel.png.', visibility: 'PRIVATE' },
    ])
    // Nothing that is committed goes unannounced, a note neither.
    const told = await app.store.prisma.event.findMany({
      where: { ticketId: id, type: 'comment.created' },
      orderBy: { offset: 'asc' },
    })
    expect(told.slice(-2).map(({ data }) => data)).toMatchObject([
      { comment: { direction: 'INBOUND', visibility: 'PUBLIC' } },
      { comment: { direction: 'OUTBOUND', visibility: 'PRIVATE' } },
    ])
  })

  it('is what the customer wrote, wherever their program has them write', { timeout: 60_000 }, async () => {
    const { id, global, email } = await ticket()
    await move(global)
    const mail = await answer(global, 'Is it the red one?\n\nOr is it rather the blue one, with the long handle?')
    const ours = mail.text ?? ''
    const quoted = ours.replaceAll(/^/gm, '> ')
    const outlook = `From: Perch <perch@localhost>\nSent: Monday, November 23, 2026 10:00\nTo: Ada\nSubject: Re: parcel`
    const old = 'Is it the red one?\n\nOr is it rather the blue one, with the long handle?'
    for (const [text, words] of [
      [`On Mon, 23 Nov 2026 at 10:00, Perch wrote:\n${quoted}\n\nBelow: the blue one`, 'Below: the blue one'],
      [`${quoted.replace('one?', 'one?\n\nBetween: no\n')}\nBetween: yes`, 'Between: no\n\nBetween: yes'],
      [`Above: the blue one\n\n${outlook}\n\n${ours}`, 'Above: the blue one'],
      [`${outlook}\n\n${ours}\nBelow, unquoted`, 'Below, unquoted'],
      [`Above an old one\n\n${old}\n\n${ANSWER_ABOVE}\n`, 'Above an old one'],
      [`> ${old.replaceAll('\n', '\n> ')}\n>\n> ${ANSWER_ABOVE}\n\nBelow an old one`, 'Below an old one'],
    ] as const) {
      expect(await hand(letter({ From: email, To: addressOf(mail) }, text))).toMatchObject({ outcome: 'COMMENT' })
      expect((await comments(id)).at(-1)?.body).toBe(words)
    }
  })

  it('of HTML alone is read, too', async () => {
    const { id, global, email } = await ticket()
    await move(global)
    const mail = await answer(global, 'Is it rather the blue one, with the long handle?')
    const [, ours] = /<body[^>]*>([\s\S]*)<\/body>/.exec(String(mail.html)) ?? []
    const html = `<div>The blue one</div><div id="divRplyFwdMsg"><b>From:</b> Perch<br><b>Sent:</b> Monday<br><b>To:</b> Ada<br><b>Subject:</b> Re: parcel</div>${ours}`
    const headers = { From: email, To: addressOf(mail), 'Content-Type': 'text/html; charset=utf-8' }
    expect(await hand(letter(headers, html))).toMatchObject({ outcome: 'COMMENT' })
    expect((await comments(id)).at(-1)?.body).toBe('The blue one')
  })

  it('of somebody else who has the mail is a private comment in their own name', { timeout: 30_000 }, async () => {
    const { id, global } = await ticket()
    await move(global)
    const mail = await answer(global, 'Hello')
    await hand(letter({ From: 'Eve@mail.example', To: addressOf(mail) }, 'I am Ada’s lawyer'))
    expect((await comments(id)).at(-1)).toMatchObject({
      body: 'From eve@mail.example:\n\nI am Ada’s lawyer',
      visibility: 'PRIVATE',
      authorId: null,
    })
  })

  it('of somebody else to a closed ticket opens another, and the customer is told nothing of the note', async () => {
    const { id, global, requesterId } = await ticket()
    await move(global)
    const mail = await answer(global, 'Hello')
    await app.store.prisma.ticket.update({ where: { id }, data: { status: 'CLOSED' } })
    const { eventLog: before } = await ask<{ eventLog: { end: string } }>('{ eventLog { end } }', {})
    await hand(letter({ From: 'Eve@mail.example', To: addressOf(mail) }, 'I am Ada’s lawyer'))
    const { eventLog: after } = await ask<{ eventLog: { end: string } }>('{ eventLog { end } }', {})
    const toldOf = async (token: string) => {
      const response = await fetch(`${app.url}/graphql`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'text/event-stream',
          'content-type': 'application/json',
        },
        body: JSON.stringify({
          query: `subscription($after: Position, $until: Position) {
            ticketEvents(after: $after, until: $until) { type commentId comment { visibility } } }`,
          variables: { after: before.end, until: after.end },
        }),
      })
      const events = [...(await response.text()).matchAll(/^data: (\{.+\})$/gm)].map(([, data]) =>
        JSON.parse(data ?? ''),
      )
      return events.map(({ data }) => data.ticketEvents).filter(({ type }) => type === 'TICKET_CREATED')
    }
    expect(await toldOf(await tokenFor(app))).toEqual([
      { type: 'TICKET_CREATED', commentId: expect.any(String), comment: { visibility: 'PRIVATE' } },
    ])
    expect(await toldOf(await app.signer.sign({ sub: requesterId, role: 'END_USER', ttlSeconds: 60 }))).toEqual([
      { type: 'TICKET_CREATED', commentId: null, comment: null },
    ])
  })

  it.each<[string, Record<string, string>, object]>([
    ['a holiday notice', { 'Auto-Submitted': 'auto-replied' }, { outcome: 'KEPT', reason: 'AUTO_REPLY' }],
    ['a bounce', { 'Return-Path': '<>' }, { outcome: 'KEPT', reason: 'BOUNCE' }],
    ['a newsletter', { 'List-Id': '<news.example>' }, { outcome: 'KEPT', reason: 'UNMATCHED' }],
    ['our own', { From: 'support+9@ACME.example' }, { outcome: 'IGNORED', reason: 'OUR_OWN' }],
    [
      'one that its program names as we name ours',
      { 'Message-ID': '<01234567-89AB-CDEF-0123-456789ABCDEF@acme.example>' },
      { outcome: 'KEPT', reason: 'UNMATCHED' },
    ],
    ['one without a sender', { From: '' }, { outcome: 'KEPT', reason: 'NO_SENDER' }],
    ['one to nobody’s ticket', {}, { outcome: 'KEPT', reason: 'UNMATCHED' }],
    [
      'one to a ticket whose number was guessed',
      { To: 'support+1.00000000000000000000@acme.example' },
      { outcome: 'KEPT', reason: 'UNMATCHED' },
    ],
  ])('%s is no comment, and is kept unless it is ours', async (_what, headers, outcome) => {
    const before = await app.store.prisma.comment.count({ where: { channel: 'EMAIL' } })
    const raw = letter({ From: 'a@b.example', To: 'support@acme.example', ...headers }, 'Hi')
    expect(await hand(raw)).toEqual({ status: 200, ...outcome })
    expect(await app.store.prisma.comment.count({ where: { channel: 'EMAIL' } })).toBe(before)
    const letters = await app.store.prisma.deadLetter.findMany({ where: { payload: raw.replaceAll('\n', '\r\n') } })
    expect(letters.map(({ source, reason }) => ({ source, outcome: 'KEPT', reason }))).toEqual(
      'outcome' in outcome && outcome.outcome === 'KEPT' ? [{ source: 'email', ...outcome }] : [],
    )
  })

  it('of ours that comes back is ignored, whoever it is from; one that is only named alike is an answer', async () => {
    const { id, global, email } = await ticket()
    await move(global)
    const mail = await answer(global, 'Hello')
    const before = (await comments(id)).length
    const named = (messageId: string) =>
      hand(letter({ From: email, To: addressOf(mail), 'Message-ID': messageId }, 'Hello yourself'))
    expect(await named(mail.messageId ?? '')).toMatchObject({ outcome: 'IGNORED', reason: 'OUR_OWN' })
    expect(await comments(id)).toHaveLength(before)
    const [, host = ''] = /@(.+)>$/.exec(mail.messageId ?? '') ?? []
    expect(await named(`<${crypto.randomUUID().toUpperCase()}@${host}>`)).toMatchObject({ outcome: 'COMMENT' })
  })

  it('of a machine is a private note, a few a day, and changes nothing else', { timeout: 60_000 }, async () => {
    const { id, global, email, number } = await ticket()
    await move(global)
    const mail = await answer(global, 'Hello')
    await app.store.prisma.ticket.update({ where: { id }, data: { status: 'PENDING' } })
    const notice = () =>
      letter({ From: email, To: addressOf(mail), 'Auto-Submitted': 'auto-replied' }, 'I am away.\n\n> Hello')
    const first = notice()
    expect(await hand(first)).toEqual({ status: 200, outcome: 'NOTE', reason: 'AUTO_REPLY', ticketNumber: number })
    expect(await hand(first)).toMatchObject({ outcome: 'DUPLICATE' })
    expect((await comments(id)).at(-1)).toMatchObject({
      body: `From ${email}:\n\nAn automatic answer, so it changes nothing on the ticket.\n\nI am away.`,
      visibility: 'PRIVATE',
      authorId: null,
    })
    for (const outcome of ['NOTE', 'NOTE', 'KEPT', 'KEPT']) expect(await hand(notice())).toMatchObject({ outcome })
    expect(await app.store.prisma.ticket.findUnique({ where: { id } })).toMatchObject({
      status: 'PENDING',
      commentCount: 5,
    })
    expect(await app.store.prisma.deadLetter.count({ where: { payload: { contains: email } } })).toBe(5)
    // A person goes on as before, and is answered by what they wrote.
    const theirs = { From: email, To: addressOf(mail), 'X-Auto-Response-Suppress': 'All', 'List-Id': '<us.example>' }
    expect(await hand(letter(theirs, 'I am back'))).toMatchObject({ outcome: 'COMMENT' })
    expect(await app.store.prisma.ticket.findUnique({ where: { id } })).toMatchObject({ status: 'OPEN' })
    expect((await answer(global, 'Welcome')).references).toEqual([mail.messageId, `<letter-${letters}@mail.example>`])
    // What is closed stays closed.
    await app.store.prisma.ticket.update({ where: { id }, data: { status: 'CLOSED', solvedAt: new Date() } })
    const late = letter({ From: 'mailer-daemon@mail.example', To: addressOf(mail) }, 'It did not arrive')
    expect(await hand(late)).toMatchObject({ outcome: 'KEPT', reason: 'BOUNCE' })
    expect(await app.store.prisma.ticket.count({ where: { followUpOfId: id } })).toBe(0)
  })

  it('of a machine that does not say so is a note once there are many, and opens nothing', {
    timeout: 60_000,
  }, async () => {
    const { id, global, email } = await ticket()
    await move(global)
    const mail = await answer(global, 'Hello')
    const write = () => hand(letter({ From: email, To: addressOf(mail) }, 'We have received your mail.'))
    for (let count = 0; count < 10; count++) expect(await write()).toMatchObject({ outcome: 'COMMENT' })
    await app.store.prisma.ticket.update({ where: { id }, data: { status: 'SOLVED', solvedAt: new Date() } })
    expect(await write()).toMatchObject({ outcome: 'NOTE', reason: 'TOO_MANY' })
    expect((await comments(id)).at(-1)).toMatchObject({ visibility: 'PRIVATE' })
    expect(await app.store.prisma.ticket.findUnique({ where: { id } })).toMatchObject({ status: 'SOLVED' })
    await app.store.prisma.ticket.update({ where: { id }, data: { status: 'CLOSED' } })
    expect(await write()).toMatchObject({ outcome: 'KEPT', reason: 'TOO_MANY' })
  })

  it('without a Message-ID is one comment, however often it comes, and is answered without it', {
    timeout: 30_000,
  }, async () => {
    const { id, global, email } = await ticket()
    await move(global)
    const mail = await answer(global, 'Hello')
    for (const messageId of ['', `<${'long'.repeat(1_000)}@mail.example>`]) {
      const raw = letter({ From: email, To: addressOf(mail), 'Message-ID': messageId }, `Hi ${messageId.length}`)
      expect(await hand(raw)).toMatchObject({ outcome: 'COMMENT' })
      expect(await hand(raw)).toMatchObject({ outcome: 'DUPLICATE' })
    }
    expect(await comments(id)).toHaveLength(4)
    const next = await answer(global, 'Bye')
    expect([next.inReplyTo, next.references]).toEqual([undefined, mail.messageId])
  })

  it('is taken from nobody without the token, and not without end', async () => {
    expect(await hand(letter({}, 'x'), 'wrong')).toMatchObject({ status: 401 })
    expect((await fetch(`${app.url}/inbound/email`)).status).toBe(405)
    expect(await hand('')).toMatchObject({ status: 400 })
  })
})
