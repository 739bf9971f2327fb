import { setTimeout as pause } from 'node:timers/promises'
import type { z } from 'zod'
import type { Simulation } from '../core/simulation.ts'
import { BRAND } from '../world/people.ts'
import { mention } from '../world/phrases.ts'
import { CommandError } from './commands.ts'
import type { burstInput } from './inputs.ts'

const TICK_MS = 5

/** Many posts, at once or evenly spread; resolves with their ids, in order, when the last is made. */
export async function burst(simulation: Simulation, input: z.input<typeof burstInput>): Promise<{ ids: string[] }> {
  const { world, random } = simulation
  const author = input.from === undefined ? undefined : world.findUser(input.from)
  if (input.from !== undefined && !author) throw new CommandError(404, `there is no user "${input.from}"`)
  const inReplyTo = input.inReplyTo === undefined ? undefined : world.posts.get(input.inReplyTo)
  if (input.inReplyTo !== undefined && !inReplyTo) throw new CommandError(404, `there is no post ${input.inReplyTo}`)
  const customers = [...world.users.values()].filter(({ id }) => id !== BRAND.id)
  const brand = world.users.get(BRAND.id)?.username ?? BRAND.username
  const ids: string[] = []
  const begun = performance.now()
  while (ids.length < input.count) {
    const due =
      input.perSecond === undefined
        ? input.count
        : Math.min(input.count, Math.floor(((performance.now() - begun) / 1_000) * input.perSecond) + 1)
    while (ids.length < due) {
      const typed = input.text?.replaceAll('{n}', String(ids.length + 1)) ?? mention(random, brand)
      ids.push(world.addPost({ author: author ?? random.pick(customers), typed, inReplyTo }).id)
    }
    if (ids.length < input.count) await pause(TICK_MS)
  }
  return { ids }
}
