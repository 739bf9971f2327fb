import type { EventBody, LogEvent } from '../domain/event.ts'
import { AccountRef } from './account.ts'
import { ActorRef } from './actor.ts'
import { builder } from './builder.ts'
import { DeauthorizationCauseEnum } from './enums.ts'
import { eventOf, type LiveEvent, liveEvents } from './live.ts'
import { afterArg, placeInLog } from './live-fields.ts'
import { liveAccount } from './live-objects.ts'

type AccountEventBody = Extract<EventBody, { type: 'account.created' | 'account.updated' }>
type AccountLogEvent = LogEvent & { readonly body: AccountEventBody }

const TYPES = {
  CONNECTED: 'It was connected.',
  UPDATED: 'Its settings or its name on X changed: see `changed`.',
  DEACTIVATED: 'An administrator switched it off.',
  REACTIVATED: 'An administrator switched it on again.',
  UNLINKED: 'An administrator let it go.',
  DEAUTHORIZED: 'X no longer lets it in: see `cause`.',
  REAUTHORIZED: 'Its owner consented anew; it is back with its settings.',
  INACTIVITY_WARNING: 'It has had no traffic for `days` days; at 20 it is deauthorized.',
  XCHAT_CHANGED: 'Its XChat changed: confirmed, disabled, or its keys were replaced.',
  BUDGET_SLOWED: 'Four fifths of its monthly budget are spent: it is polled more slowly. Once a month.',
  BUDGET_EXHAUSTED:
    'Its monthly budget is spent: it is not polled until the month ends. What X delivers by itself goes on. Once a month.',
} as const
type AccountEventType = keyof typeof TYPES

const AccountEventTypeEnum = builder.enumType('AccountEventType', {
  description: 'What can happen to an account.',
  values: Object.fromEntries(Object.entries(TYPES).map(([type, description]) => [type, { description }])) as Record<
    AccountEventType,
    { description: string }
  >,
})

function typeOf(body: AccountEventBody): AccountEventType {
  if (body.type === 'account.created' || body.what === 'RELINKED') return 'CONNECTED'
  if (body.what === 'XCHAT') return 'XCHAT_CHANGED'
  return body.what ?? 'UPDATED'
}

const AccountEvent = builder.objectRef<LiveEvent<AccountLogEvent>>('AccountEvent').implement({
  description: 'Something happened to an account.',
  fields: (t) => ({
    ...placeInLog(t),
    type: t.field({ type: AccountEventTypeEnum, description: 'What.', resolve: ({ event }) => typeOf(event.body) }),
    actor: t.field({ type: ActorRef, description: 'Who did it.', resolve: (live) => live }),
    changed: t.stringList({
      description: 'The fields that changed.',
      resolve: ({ event: { body } }) => (body.type === 'account.updated' ? [...body.changed] : []),
    }),
    cause: t.field({
      type: DeauthorizationCauseEnum,
      nullable: true,
      description: 'With DEAUTHORIZED: why.',
      resolve: ({ event: { body } }) => (body.type === 'account.updated' ? (body.cause ?? null) : null),
    }),
    days: t.int({
      nullable: true,
      description: 'With INACTIVITY_WARNING: the days without traffic.',
      resolve: ({ event: { body } }) => (body.type === 'account.updated' ? (body.days ?? null) : null),
    }),
    account: t.prismaField({
      type: AccountRef,
      nullable: true,
      description: 'The account as it is now.',
      resolve: (query, live, _args, context) => liveAccount(context, live, live.event.body.accountId, query),
    }),
  }),
})

builder.subscriptionField('accountEvents', (t) =>
  t.field({
    type: AccountEvent,
    authScopes: { staff: true },
    description: 'Everything that happens to X accounts, in the order it happened. For agents and administrators.',
    args: {
      ...afterArg(),
    },
    subscribe: (_root, { after }, context) =>
      liveEvents(
        context,
        after,
        (event): event is AccountLogEvent =>
          event.body.type === 'account.created' || event.body.type === 'account.updated',
      ),
    resolve: eventOf,
  }),
)
