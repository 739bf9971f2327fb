import type { IncomingMessage } from 'node:http'
import { isIPv6 } from 'node:net'

/**
 * Whom a request comes from, to count by: its IPv4 address, or the first 64 bits of its IPv6 address, which is the least
 * that somebody is given (RFC 6177). With proxies of ours in front, what the outermost of these has noted in
 * X-Forwarded-For; whatever stands before that, anybody may have written.
 */
export function clientAddressOf(
  {
    headers,
    socket,
  }: Pick<IncomingMessage, 'headers'> & { readonly socket: { readonly remoteAddress?: string | undefined } },
  trustedProxies: number,
): string {
  const forwarded = [headers['x-forwarded-for'] ?? []].flat().join(',')
  const hops = forwarded.split(',').flatMap((hop) => hop.trim() || [])
  hops.push(socket.remoteAddress ?? '')
  return networkOf(withoutPort((hops.at(-1 - trustedProxies) ?? hops[0] ?? '').slice(0, 64).toLowerCase()))
}

/** Some proxies note the port, too, which is another with each connection: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function withoutPort(hop: string): string {
  return /^\[([^\]]*)\](?::\d+)?$/.exec(hop)?.[1] ?? /^([0-9.]+):\d+$/.exec(hop)?.[1] ?? hop
}

function networkOf(address: string): string {
  const mapped = /^::ffff:([0-9.]+)$/.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  // What `::` stands for is zeros, as many as make eight.
  const end = tail ? tail.split(':') : []
  while (tail !== undefined && groups.length + end.length < 8) groups.push('0')
  return [...groups, ...end].slice(0, 4).join(':')
}
