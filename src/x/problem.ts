import { z } from 'zod'

/* What X's refusals say of themselves: problem documents (RFC 9457), and the numbered errors of its older parts. */

/** A refusal of X, as far as it says what it is. */
export interface XProblem {
  /** Of the `type` below `…/2/problems/`, such as `client-forbidden`; null where X gives none (`about:blank`). */
  readonly type: string | null
  /** X's numbered codes (docs.x.com, "Response codes and errors"), such as 187. */
  readonly codes: readonly number[]
  /** X's own words, the most telling ones. */
  readonly detail: string | undefined
}

const text = z.string().optional().catch(undefined)
const rawProblem = z.object({
  type: text,
  detail: text,
  errors: z
    .array(
      z
        .object({ code: z.number().optional().catch(undefined), message: text, detail: text, type: text })
        .catch({ code: undefined, message: undefined, detail: undefined, type: undefined }),
    )
    .optional()
    .catch(undefined),
})

/** X has served its types under api.twitter.com and api.x.com. */
const TYPE = /^https:\/\/api\.(?:twitter|x)\.com\/2\/problems\/([a-z0-9-]+)$/

/** Reads the body of a refusal; of one that makes no sense nothing is known. */
export function problemOf(body: unknown): XProblem {
  const parsed = rawProblem.safeParse(body)
  if (!parsed.success) return { type: null, codes: [], detail: undefined }
  const { type, detail, errors = [] } = parsed.data
  const types = [type, ...errors.map((error) => error.type)].map((each) => TYPE.exec(each ?? '')?.[1])
  const named = types.find((each) => each !== undefined) ?? null
  // Of an invalid request `detail` says only that it is one; why, `errors` say.
  const inner = errors.map((error) => error.message ?? error.detail).find((words) => words !== undefined)
  return {
    type: named,
    codes: errors.flatMap(({ code }) => code ?? []),
    detail: named === 'invalid-request' ? (inner ?? detail) : (detail ?? inner),
  }
}
