import { z } from 'zod'
import type { XClient } from '../x/client.ts'
import { XError } from '../x/errors.ts'

/** Whose tokens they are, as X says. */
export interface XIdentity {
  readonly xUserId: string
  /** The handle, without @. */
  readonly screenName: string
  readonly name: string
  readonly avatarUrl: string | null
  /** X's clock when it said so, if it told. */
  readonly asOf: Date | undefined
}

const meBody = z.object({
  data: z.object({
    id: z.string().regex(/^[0-9]{1,19}$/),
    username: z.string(),
    name: z.string(),
    profile_image_url: z.string().optional(),
  }),
})

/** Asks X whose token it is (GET /2/users/me). Throws XError; UNAVAILABLE when the answer is not one. */
export async function identify(x: Pick<XClient, 'me'>, accessToken: string): Promise<XIdentity> {
  const { body, rateLimit } = await x.me(accessToken)
  const me = meBody.safeParse(body)
  if (!me.success) throw new XError('UNAVAILABLE', 'GET /2/users/me: not an answer of X')
  const { id, username, name, profile_image_url } = me.data.data
  return { xUserId: id, screenName: username, name, avatarUrl: profile_image_url ?? null, asOf: rateLimit?.asOf }
}
