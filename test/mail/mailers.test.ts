import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { simpleParser } from 'mailparser'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFileMailer } from '../../src/mail/file-mailer.ts'
import type { Mail, Mailer } from '../../src/mail/mailer.ts'
import { createSmtpMailer } from '../../src/mail/smtp-mailer.ts'
import { startSmtp, type TestSmtp } from '../helpers/smtp.ts'
import { silent } from '../helpers/stores.ts'

/** F49: e-mails, over a real SMTP server and into files. */

const FROM = 'Perch <perch@example.org>'
const mail = (change: Partial<Mail> = {}): Mail => ({
  to: 'ada@example.org',
  subject: 'Grüße 👋 aus Wien',
  text: 'Ein Satz mit Ümläuten.\n.\nund einem Punkt\n',
  html: '<p>Ein <b>Satz</b></p>',
  messageId: 'one.two@example.org',
  ...change,
})

let smtp: TestSmtp
let mailer: Mailer
afterEach(async () => {
  await mailer?.close()
  await smtp?.close()
})

describe('over SMTP', () => {
  it('a mail arrives as it was written', async () => {
    smtp = await startSmtp({ user: 'perch', pass: 'hunter2' })
    mailer = createSmtpMailer({ url: smtp.url, from: FROM })
    await mailer.send(mail())
    const [got] = smtp.mails
    expect(got).toMatchObject({
      subject: 'Grüße 👋 aus Wien',
      html: '<p>Ein <b>Satz</b></p>',
      messageId: '<one.two@example.org>',
    })
    expect(got?.text?.trim()).toBe('Ein Satz mit Ümläuten.\n.\nund einem Punkt')
    expect(got?.from?.value).toEqual([{ name: 'Perch', address: 'perch@example.org' }])
    expect(got?.headers.get('auto-submitted')).toBe('auto-generated')
    expect(got?.date).toBeInstanceOf(Date)
  })

  it.each([
    [450, 'TEMPORARY'],
    [550, 'PERMANENT'],
    [553, 'PERMANENT'],
  ])('a recipient that is answered %i is a %s failure', async (code, kind) => {
    smtp = await startSmtp()
    mailer = createSmtpMailer({ url: smtp.url, from: FROM })
    smtp.refuse(code)
    await expect(mailer.send(mail())).rejects.toMatchObject({ name: 'MailError', kind })
    smtp.refuse(null)
    await mailer.send(mail())
    expect(smtp.mails).toHaveLength(1)
  })

  it('a server that is away, or a wrong password, is a temporary failure that names no password', async () => {
    smtp = await startSmtp({ user: 'perch', pass: 'right' })
    mailer = createSmtpMailer({ url: smtp.url.replace('right', 'hunter2'), from: FROM })
    const failure = await mailer.send(mail()).catch((error: unknown) => error)
    expect(failure).toMatchObject({ kind: 'TEMPORARY' })
    expect(JSON.stringify(failure) + String(failure)).not.toContain('hunter2')
    await smtp.close()
    await expect(mailer.send(mail())).rejects.toMatchObject({ kind: 'TEMPORARY' })
  })

  it('a connection that is lost when the server has the whole mail leaves open whether it took it', async () => {
    smtp = await startSmtp()
    mailer = createSmtpMailer({ url: smtp.url, from: FROM })
    smtp.cutOnce()
    await expect(mailer.send(mail())).rejects.toMatchObject({ name: 'MailError', kind: 'UNCERTAIN' })
    expect(smtp.mails).toHaveLength(1)
    await mailer.send(mail({ messageId: 'three@example.org' }))
    expect(smtp.mails).toHaveLength(2)
  })

  it('no text adds a header or a recipient', async () => {
    smtp = await startSmtp()
    mailer = createSmtpMailer({ url: smtp.url, from: FROM })
    const nasty = 'x\r\nBcc: eve@example.org\r\n\r\nbody'
    await mailer.send(mail({ subject: nasty, messageId: `a>${nasty}@b` }))
    const [got] = smtp.mails
    expect(got?.subject).toBe('x Bcc: eve@example.org body')
    expect([...(got?.headers.keys() ?? [])]).not.toContain('bcc')
    expect(got?.to).toMatchObject({ value: [{ address: 'ada@example.org' }] })
    // Two addresses where one belongs are refused, or one strange address: never two recipients.
    await mailer.send(mail({ to: 'ada@example.org, eve@example.org' })).catch(() => {})
    const recipients = smtp.mails.flatMap(({ to }) => [to ?? []].flat().flatMap(({ value }) => value))
    expect(recipients.map(({ address }) => address)).not.toContain('eve@example.org')
  })
})

describe('without SMTP', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'perch-mail-'))
    mailer = createFileMailer({ folder: join(folder, 'mail'), from: FROM, logger: silent })
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('a mail is a file that reads back as it was written, for its owner alone; the same mail again is the same file', async () => {
    await mailer.send(mail())
    await mailer.send(mail())
    const [name = '', ...others] = await readdir(join(folder, 'mail'))
    expect(others).toEqual([])
    expect(name).toMatch(/^[\w.-]+\.eml$/)
    const file = join(folder, 'mail', name)
    const got = await simpleParser(await readFile(file))
    expect(got).toMatchObject({ subject: 'Grüße 👋 aus Wien', messageId: '<one.two@example.org>' })
    expect((await stat(file)).mode & 0o077).toBe(0)
  })

  it('says where it is', async () => {
    const lines: string[] = []
    const logger = pino({ level: 'info' }, { write: (line) => void lines.push(line) })
    await createFileMailer({ folder, from: FROM, logger }).send(mail())
    expect(lines.join()).toContain(folder)
  })

  it('a message id leads to no other folder', async () => {
    await mailer.send(mail({ messageId: '../../etc/passwd@x' }))
    expect(await readdir(join(folder, 'mail'))).toHaveLength(1)
  })

  it('a folder that cannot be written is a temporary failure', async () => {
    const file = join(folder, 'file')
    await writeFile(file, '')
    mailer = createFileMailer({ folder: file, from: FROM, logger: silent })
    await expect(mailer.send(mail())).rejects.toMatchObject({ kind: 'TEMPORARY' })
  })
})
