import { z } from 'zod'

const answer = z.object({ data: z.union([z.array(z.unknown()), z.record(z.string(), z.unknown())]).optional() })
const named = z.object({ id: z.string().min(1).max(64) })

/** What an answer of X holds, for the bill: X's ids, and how many things have none that we can read. */
export function resourcesIn(body: unknown): { readonly ids: readonly string[]; readonly unnamed: number } {
  const { data } = answer.safeParse(body).data ?? {}
  if (data === undefined) return { ids: [], unnamed: 0 }
  const ids: string[] = []
  let unnamed = 0
  for (const item of Array.isArray(data) ? data : [data]) {
    const { data: resource } = named.safeParse(item)
    if (resource) ids.push(resource.id)
    else unnamed++
  }
  return { ids, unnamed }
}
