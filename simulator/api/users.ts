import { missing, notFound, nothingThere, type Reply, userSuspended } from '../http/problems.ts'
import type { AuthorizedCall, Route } from '../http/router.ts'
import type { XUser } from '../world/model.ts'
import { checkId, readList, readSelection, type Selection } from './parameters.ts'
import { renderUser } from './render.ts'
import { connectionsOf } from './visibility.ts'

const ACCESS = { user: ['tweet.read', 'users.read'], app: true }
const ID = /^[0-9]{1,19}$/
const USERNAME = /^[A-Za-z0-9_]{1,15}$/

function one(call: AuthorizedCall, user: XUser | undefined, parameter: string, value: string): Reply {
  const selection = readSelection(call.query, 'user', [])
  if (!user) throw nothingThere('user', parameter, value)
  if (user.suspended) throw missing(userSuspended(parameter, value))
  return { status: 200, body: { data: render(call, user, selection) } }
}

function many(call: AuthorizedCall, find: (value: string) => XUser | undefined, name: string): Reply {
  const selection = readSelection(call.query, 'user', [name])
  const values = readList(call.query, name, name === 'ids' ? ID : USERNAME)
  const found = values.map((value) => ({ value, user: find(value) }))
  const data = found.flatMap(({ user }) => (user && !user.suspended ? [render(call, user, selection)] : []))
  const errors = found.flatMap(({ value, user }) => {
    if (!user) return [notFound('user', name, value)]
    return user.suspended ? [userSuspended(name, value)] : []
  })
  return { status: 200, body: { ...(data.length > 0 && { data }), ...(errors.length > 0 && { errors }) } }
}

const render = ({ simulation, caller }: AuthorizedCall, user: XUser, selection: Selection) =>
  renderUser(user, selection.user, connectionsOf(simulation.world, caller, user))

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
