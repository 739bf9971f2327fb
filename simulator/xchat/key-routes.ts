import { readList, rejectUnknown } from '../api/parameters.ts'
import { plainProblem, type Reply } from '../http/problems.ts'
import type { AuthorizedCall, Route } from '../http/router.ts'
import { me, ok, READ, taking, WRITE } from './chat-call.ts'
import { publicKeyBody, read } from './inputs.ts'

const ID = /^[0-9]{1,19}$/
const FIELDS = /^(public_key_version|public_key|signing_public_key|identity_public_key_signature|juicebox_config)$/
const DEFAULT_FIELDS = ['public_key_version', 'public_key']

async function keysOf(call: AuthorizedCall, userIds: readonly string[], others: readonly string[]): Promise<Reply> {
  const { query, simulation } = call
  rejectUnknown(query, ['public_key.fields', ...others])
  const fields = query.has('public_key.fields') ? readList(query, 'public_key.fields', FIELDS) : DEFAULT_FIELDS
  const lists = await Promise.all(
    userIds.map(async (userId) => {
      const records = simulation.xchat.server.keys.get(userId) ?? []
      // X shows where a PIN is checked to the account alone.
      const own = userId === me(call) && fields.includes('juicebox_config') && records.length > 0
      const config = own ? { juicebox_config: await simulation.xchat.backup.config(userId) } : {}
      return records.map((record) => ({
        ...Object.fromEntries(Object.entries(record).filter(([name]) => fields.includes(name))),
        ...config,
      }))
    }),
  )
  const data = lists.flat()
  return ok(data.length > 0 ? { data } : {})
}

/** Public keys: who can be written to, and where their PIN is checked. */
export const keyRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/2/users/:id/public_keys',
    access: READ,
    handle: (call) => keysOf(call, [call.params['id'] ?? ''], []),
  },
  {
    method: 'GET',
    path: '/2/users/public_keys',
    access: READ,
    handle: (call) => keysOf(call, readList(call.query, 'ids', ID), ['ids']),
  },
  {
    method: 'POST',
    path: '/2/users/:id/public_keys',
    access: WRITE,
    handle: async (call) => {
      const id = call.params['id'] ?? ''
      if (id !== me(call)) throw plainProblem(403)
      const { public_key: record, version, generate_version: generate } = read(publicKeyBody, call.body)
      const { server, backup } = call.simulation.xchat
      const fresh = taking(() => server.addKeys(id, record, generate ? undefined : version))
      return ok({ data: { public_key_version: fresh, juicebox_config: await backup.config(id) } })
    },
  },
]
