import type { GraphQLSchema } from 'graphql'
import './scalars.ts'
import './account.ts'
import './account-authorization.ts'
import './account-events.ts'
import './account-mutations.ts'
import './account-spend.ts'
import './membership.ts'
import './people-query.ts'
import './viewer.ts'
import './follow-up.ts'
import './tickets-query.ts'
import './ticket-mutations.ts'
import './ticket-created.ts'
import './ticket-event.ts'
import './user-followed.ts'
import './workspace.ts'
import './x-profile.ts'
import './xchat.ts'
import './xchat-mutations.ts'
import { builder } from './builder.ts'

/** The whole schema. Its resolvers want the context of context.ts, a new one for every operation. */
export function buildSchema(): GraphQLSchema {
  return builder.toSchema({ sortSchema: true })
}
