import { notFound, nothingThere, type Reply } from '../http/problems.ts'
import type { AuthorizedCall, Route } from '../http/router.ts'
import type { XUser } from '../world/model.ts'
import { checkId, readList, readSelection } from './parameters.ts'
import { renderUser } from './render.ts'

const ACCESS = { user: ['tweet.read', 'users.read'], app: true }
const ID = /^[0-9]{1,19}$/
const USERNAME = /^[A-Za-z0-9_]{1,15}$/

function one({ query }: AuthorizedCall, user: XUser | undefined, parameter: string, value: string): Reply {
  const selection = readSelection(query, 'user', [])
  if (!user) throw nothingThere('user', parameter, value)
  return { status: 200, body: { data: renderUser(user, selection.user) } }
}

function many({ query }: AuthorizedCall, find: (value: string) => XUser | undefined, name: string): Reply {
  const selection = readSelection(query, 'user', [name])
  const values = readList(query, name, name === 'ids' ? ID : USERNAME)
  const users = values.flatMap((value) => find(value) ?? [])
  const errors = values.filter((value) => !find(value)).map((value) => notFound('user', name, value))
  return {
    status: 200,
    body: {
      ...(users.length > 0 && { data: users.map((user) => renderUser(user, selection.user)) }),
      ...(errors.length > 0 && { errors }),
    },
  }
}

/** Users lookup. */
export const userRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/2/users/me',
    access: { user: ACCESS.user },
    handle: (call) => one(call, call.caller.kind === 'user' ? call.caller.user : undefined, 'id', 'me'),
  },
  {
    method: 'GET',
    path: '/2/users',
    access: ACCESS,
    handle: (call) => many(call, (id) => call.simulation.world.users.get(id), 'ids'),
  },
  {
    method: 'GET',
    path: '/2/users/by',
    access: ACCESS,
    handle: (call) => many(call, (name) => call.simulation.world.findUser(name), 'usernames'),
  },
  {
    method: 'GET',
    path: '/2/users/by/username/:username',
    access: ACCESS,
    handle: (call) => {
      const username = call.params['username'] ?? ''
      return one(call, call.simulation.world.findUser(username), 'username', username)
    },
  },
  {
    method: 'GET',
    path: '/2/users/:id',
    access: ACCESS,
    handle: (call) => {
      const id = checkId('id', call.params['id'] ?? '')
      return one(call, call.simulation.world.users.get(id), 'id', id)
    },
  },
]
