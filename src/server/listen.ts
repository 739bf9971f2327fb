import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { StartupError } from '../store/startup-error.ts'

export interface Address {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
}

/** Where a server can be reached: `http://host:port`, without a path. */
export interface Listening {
  readonly url: string
  readonly port: number
}

/** Opens the port. Throws StartupError, with a sentence for the operator, when the address cannot be had. */
export async function listen(server: Server, { host, port }: Address): Promise<Listening> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port }, () => {
        server.off('error', reject)
        resolve()
      })
    })
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
    const sentence = SENTENCES[code]
    throw sentence ? new StartupError(sentence(host, port), { cause }) : cause
  }
  const taken = (server.address() as AddressInfo).port
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`, port: taken }
}

const SENTENCES: Readonly<Record<string, (host: string, port: number) => string>> = {
  EADDRINUSE: (host, port) => `Port ${port} on ${host} is in use already; stop what uses it or set PORT to a free one.`,
  EACCES: (host, port) => `Port ${port} on ${host} may not be opened by this user; set PORT to one above 1023.`,
  EADDRNOTAVAIL: (host) => `This machine has no address ${host}; set HOST to one that it has, such as 127.0.0.1.`,
  ENOTFOUND: (host) => `The host name ${host} is unknown; set HOST to an address of this machine, such as 127.0.0.1.`,
}
