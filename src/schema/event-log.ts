import type { Position } from '../domain/position.ts'
import { builder } from './builder.ts'

interface Extent {
  readonly start: Position
  readonly end: Position
}

const EventLogRef = builder.objectRef<Extent>('EventLog').implement({
  description: 'How far the log of events reaches, at this moment.',
  fields: (t) => ({
    start: t.expose('start', {
      type: 'Position',
      description: 'The oldest position that can be resumed after: what came before it was pruned.',
    }),
    end: t.expose('end', { type: 'Position', description: 'The place behind its last event, seen by you or not.' }),
  }),
})

builder.queryField('eventLog', (t) =>
  t.field({
    type: EventLogRef,
    description: 'How far the log reaches: for whoever copies it from one end to the other with `ticketEvents`.',
    resolve: async (_root, _args, { store }) => {
      const { epoch, floor, head } = await store.log.head()
      return { start: { epoch, offset: floor }, end: { epoch, offset: head } }
    },
  }),
)
