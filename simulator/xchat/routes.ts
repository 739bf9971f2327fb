import type { Route } from '../http/router.ts'
import { keyRoutes } from './key-routes.ts'
import { readRoutes } from './read-routes.ts'
import { writeRoutes } from './write-routes.ts'

/**
 * XChat over HTTP, as x-openapi.json has it. Two go by `A-B` or by the other's id, groups by `g…`; the server never sees
 * a word of what is said.
 */
export const chatRoutes: readonly Route[] = [...keyRoutes, ...readRoutes, ...writeRoutes]
