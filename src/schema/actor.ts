import type { Actor } from '../domain/event.ts'
import { isStaff } from '../domain/visibility.ts'
import { builder } from './builder.ts'
import { encodeGlobalId } from './global-id.ts'
import type { LiveEvent } from './live.ts'
import { liveUser } from './live-objects.ts'
import { UserRef } from './user.ts'

const KINDS = {
  user: { value: 'USER', description: 'An agent or administrator, or a program in their name.' },
  requester: { value: 'REQUESTER', description: 'The customer.' },
  system: { value: 'SYSTEM', description: 'A part of the program.' },
} as const satisfies Record<Actor['kind'], { value: string; description: string }>

const ActorKindEnum = builder.enumType('ActorKind', {
  description: 'What kind of actor did something.',
  values: { USER: KINDS.user, REQUESTER: KINDS.requester, SYSTEM: KINDS.system },
})

/** Who caused the event. */
export const ActorRef = builder.objectRef<LiveEvent>('Actor').implement({
  description: 'Who did something: a person, or a part of the program.',
  fields: (t) => ({
    kind: t.field({
      type: ActorKindEnum,
      description: 'What it is.',
      resolve: ({ event }) => KINDS[event.actor.kind].value,
    }),
    user: t.prismaField({
      type: UserRef,
      nullable: true,
      description: 'The person, if it was one.',
      resolve: (query, live, _args, context) =>
        live.event.actor.kind === 'system' ? null : liveUser(context, live, live.event.actor.id, query),
    }),
    userId: t.id({
      nullable: true,
      description: 'The id of the person, if it was one.',
      resolve: ({ event: { actor } }) => (actor.kind === 'system' ? null : encodeGlobalId('User', actor.id)),
    }),
    bulkUpdateId: t.id({
      nullable: true,
      description: 'The id of the bulk update that it was done by, if it was by one. For agents and administrators.',
      resolve: ({ event: { actor }, audience }) =>
        isStaff(audience) && actor.kind === 'user' && actor.bulkUpdateId !== undefined
          ? encodeGlobalId('BulkUpdateJob', actor.bulkUpdateId)
          : null,
    }),
    part: t.string({
      nullable: true,
      description: 'The part of the program, if it was none: ingest, job, system.',
      resolve: ({ event: { actor } }) => (actor.kind === 'system' ? actor.part : null),
    }),
  }),
})
