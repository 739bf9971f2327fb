import type { Socket } from 'node:net'
import { type ParsedMail, simpleParser } from 'mailparser'
import { SMTPServer } from 'smtp-server'

/** A real SMTP server that keeps what it is given. */
export interface TestSmtp {
  readonly url: string
  readonly mails: readonly ParsedMail[]
  /** What the next recipients are answered; null takes them. */
  refuse(code: number | null): void
  /** The next mail is taken, and the connection cut instead of an answer. */
  cutOnce(): void
  close(): Promise<void>
}

/** Starts one on a free port. With `login`, it takes mails only after that. */
export async function startSmtp(login?: { user: string; pass: string }): Promise<TestSmtp> {
  const mails: ParsedMail[] = []
  let refusal: number | null = null
  let cut = false
  const sockets = new Set<Socket>()
  const server = new SMTPServer({
    authOptional: login === undefined,
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    onAuth: ({ username, password }, _session, done) => {
      const right = username === login?.user && password === login?.pass
      done(right ? null : new Error('wrong password'), right ? { user: username ?? '' } : undefined)
    },
    onRcptTo: (_address, _session, done) => {
      done(refusal === null ? null : Object.assign(new Error('not here'), { responseCode: refusal }))
    },
    onData: (stream, _session, done) => {
      simpleParser(stream).then((mail) => {
        mails.push(mail)
        if (!cut) return done()
        cut = false
        for (const socket of sockets) socket.destroy()
      }, done)
    },
  })
  server.on('error', () => {})
  server.server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const credentials = login ? `${login.user}:${login.pass}@` : ''
  return {
    url: `smtp://${credentials}127.0.0.1:${port}`,
    mails,
    refuse(code) {
      refusal = code
    },
    cutOnce() {
      cut = true
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
