import type { Config } from '../config.ts'
import { readSecret } from '../secret.ts'
import { createTokenSigner, deriveTokenKey } from '../server/auth.ts'
import { FIRST_USERS } from '../store/bootstrap.ts'
import { StartupError } from '../store/startup-error.ts'

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** `token`: prints a token, and nothing else, for the first administrator or agent, or for `--user`. */
export async function tokenCommand(config: Config, args: Record<string, string | undefined>): Promise<number> {
  const { role, user, hours = '24' } = args
  if (role !== 'admin' && role !== 'agent') throw new StartupError('--role must be admin or agent.')
  const sub = user === undefined ? FIRST_USERS[role].id : toUserId(user)
  const ttlHours = Number(hours)
  if (!(ttlHours > 0 && ttlHours <= 24 * 366)) throw new StartupError('--hours must be a number from 0 to 8784.')
  const signer = createTokenSigner(deriveTokenKey(await readSecret(config)))
  const token = await signer.sign({ sub, role: FIRST_USERS[role].role, ttlSeconds: Math.ceil(ttlHours * 3600) })
  process.stdout.write(`${token}\n`)
  return 0
}

/** Takes a user's UUID, or the global id that GraphQL shows. */
function toUserId(text: string): string {
  if (UUID.test(text)) return text.toLowerCase()
  const [type, id] = Buffer.from(text, 'base64').toString('utf8').split(':')
  if (type === 'User' && id && UUID.test(id)) return id
  throw new StartupError('--user must be the id of a user, as GraphQL shows it or as a UUID.')
}
