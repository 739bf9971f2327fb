/* How people name a post: by its number, or by the link that X's "Copy link" gives. */

const ID = /^[0-9]{1,19}$/
const HOSTS: ReadonlySet<string> = new Set(['x.com', 'twitter.com'])
/** `/somebody/status/1`, `/i/status/1`, `/i/web/status/1`, whatever follows. */
const PATH = /^\/(?:\w+|i\/web)\/status(?:es)?\/([0-9]{1,19})(?:\/|$)/

/** X's id of the post that the text names; undefined when it names none. */
export function postIdOf(text: string): string | undefined {
  const named = text.trim()
  if (ID.test(named)) return withoutZeros(named)
  const link = /^[a-z]+:/i.test(named) ? named : `https://${named}`
  if (!URL.canParse(link)) return undefined
  const { protocol, hostname, pathname } = new URL(link)
  if (!/^https?:$/.test(protocol) || !HOSTS.has(hostname.replace(/^(?:www|mobile|m)\./, ''))) return undefined
  const id = PATH.exec(pathname)?.[1]
  return id === undefined ? undefined : withoutZeros(id)
}

/** The same post has one id; 0 is nobody's. */
function withoutZeros(digits: string): string | undefined {
  const id = digits.replace(/^0+/, '')
  return id === '' ? undefined : id
}
