import { PerchError } from '../domain/errors.ts'
import { builder } from './builder.ts'
import type { Context, Viewer } from './context.ts'

/** Who asks. Throws UNAUTHENTICATED when nobody said who they are. */
export function viewerOf(context: Context): Viewer {
  if (context.viewer === null) throw new PerchError('UNAUTHENTICATED', 'This needs a token.')
  return context.viewer
}

builder.queryField('viewer', (t) =>
  t.prismaField({
    type: 'User',
    description: 'The person that the token belongs to.',
    resolve: (query, _root, _args, context) =>
      context.prisma.user.findUniqueOrThrow({ ...query, where: { id: viewerOf(context).userId } }),
  }),
)
