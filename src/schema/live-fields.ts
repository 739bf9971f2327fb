import type { LogEvent } from '../domain/event.ts'
import { builder } from './builder.ts'
import type { LiveEvent } from './live.ts'

/* What every subscription has in common: a place in the log, and a place to begin after. */

type Types = (typeof builder)['$inferSchemaTypes']

/** The fields `position` and `at` of what a subscription yields. */
export const placeInLog = <Event extends LogEvent>(
  t: PothosSchemaTypes.ObjectFieldBuilder<Types, LiveEvent<Event>>,
) => ({
  position: t.field({
    type: 'Position',
    description: 'The place in the log: resume `after` it.',
    resolve: ({ epoch, event }) => ({ epoch, offset: event.offset }),
  }),
  at: t.field({ type: 'DateTime', description: 'When.', resolve: ({ event }) => new Date(event.at) }),
})

/** The argument `after` of a subscription. */
export const afterArg = () =>
  builder.args((t) => ({
    after: t.field({
      type: 'Position',
      description: 'First what came after this position, then what comes. Not given: from now on.',
    }),
  }))
