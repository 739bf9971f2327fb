import type { EventBody, LogEvent } from '../domain/event.ts'
import { ActorRef } from './actor.ts'
import { builder } from './builder.ts'
import { described } from './enums.ts'
import { filterList } from './filter-limits.ts'
import { decodeIdOf } from './global-id.ts'
import { IncomingPostRef, IncomingPostStateEnum } from './incoming-post.ts'
import { eventOf, type LiveEvent, liveEvents } from './live.ts'
import { afterArg, placeInLog } from './live-fields.ts'
import { liveIncomingPost } from './live-objects.ts'

type IncomingPostEventBody = Extract<EventBody, { type: 'incomingPost.created' | 'incomingPost.updated' }>
type IncomingPostLogEvent = LogEvent & { readonly body: IncomingPostEventBody }

const IncomingPostEventTypeEnum = builder.enumType('IncomingPostEventType', {
  description: 'What can happen to an incoming post.',
  values: described({
    CREATED: 'It arrived.',
    EDITED: 'Its author changed its words.',
    CONVERTED: 'It is on a ticket now.',
    DELETED: 'Its author deleted it at X.',
    DISMISSED: 'An administrator dismissed it.',
  }),
})

const IncomingPostEventFilterInput = builder.inputType('IncomingPostEventFilter', {
  description: 'Which incoming posts to watch. An empty list matches nothing.',
  fields: (t) => ({
    accountIds: t.idList({
      description: 'Those of one of these accounts.',
      validate: filterList,
    }),
  }),
})

const IncomingPostEvent = builder.objectRef<LiveEvent<IncomingPostLogEvent>>('IncomingPostEvent').implement({
  description: 'Something happened to an incoming post.',
  authScopes: { admin: true },
  fields: (t) => ({
    ...placeInLog(t),
    type: t.field({
      type: IncomingPostEventTypeEnum,
      description: 'What.',
      resolve: ({ event: { body } }) => (body.type === 'incomingPost.created' ? 'CREATED' : body.what),
    }),
    state: t.field({
      type: IncomingPostStateEnum,
      description: 'Its state from then on.',
      resolve: ({ event: { body } }) => body.state,
    }),
    actor: t.field({ type: ActorRef, description: 'Who did it.', resolve: (live) => live }),
    incomingPost: t.prismaField({
      type: IncomingPostRef,
      nullable: true,
      description: 'The post as it is now.',
      resolve: (query, live, _args, context) => liveIncomingPost(context, live, live.event.body.postId, query),
    }),
  }),
})

builder.subscriptionField('incomingPostEvents', (t) =>
  t.field({
    type: IncomingPostEvent,
    authScopes: { admin: true },
    description: 'Everything that happens to incoming posts, in the order it happened. For administrators.',
    args: {
      ...afterArg(),
      filter: t.arg({ type: IncomingPostEventFilterInput, description: 'Only these posts.' }),
    },
    subscribe: (_root, { after, filter }, context) => {
      const accountIds = filter?.accountIds ? new Set(filter.accountIds.map((id) => decodeIdOf('Account', id))) : null
      return liveEvents(
        context,
        after,
        (event): event is IncomingPostLogEvent =>
          (event.body.type === 'incomingPost.created' || event.body.type === 'incomingPost.updated') &&
          (accountIds === null || accountIds.has(event.body.accountId)),
      )
    },
    resolve: eventOf,
  }),
)
