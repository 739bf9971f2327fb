import { z } from 'zod'
import { invalidRequest } from '../http/problems.ts'

/* Bodies of the XChat endpoints, as x-openapi.json has them. */

const id = z.string().regex(/^[0-9]{1,19}$/)
const base64 = z.string().regex(/^[A-Za-z0-9+/=_-]+$/)

const signature = z.object({
  signature: z.string(),
  public_key_version: z.string(),
  signature_version: z.string(),
  message_signing_key_info_list: z.array(z.unknown()).optional(),
})
const actions = z
  .array(
    z.object({
      message_id: z.string(),
      encoded_message_event_detail: base64,
      signature_payload: z.string().optional(),
      message_event_signature: signature,
    }),
  )
  .min(1)
const participantKeys = z.array(
  z.object({ user_id: id, encrypted_conversation_key: z.string(), public_key_version: z.string() }),
)

export const keysBody = z.object({
  conversation_key_version: z.string(),
  conversation_participant_keys: participantKeys,
  action_signatures: actions,
})

export const groupBody = keysBody.extend({
  conversation_id: z.string().regex(/^g[0-9]{1,19}$/),
  group_members: z.array(id).min(1),
  group_admins: z.array(id).min(1).optional(),
  group_name: z.string().optional(),
})

export const messageBody = z.object({
  message_id: z.string().min(1),
  encoded_message_create_event: base64,
  encoded_message_event_signature: z.string().default(''),
  conversation_token: z.string().optional(),
})

export const readBody = z.object({ seen_until_sequence_id: id })

export const publicKeyBody = z.object({
  public_key: z.object({
    public_key: base64,
    signing_public_key: base64,
    identity_public_key_signature: base64,
  }),
  version: z.string().regex(/^[0-9]+$/),
  generate_version: z.boolean().optional(),
})

/** Reads a body. Throws X's 400, which names what is missing. */
export function read<T>(shape: z.ZodType<T>, body: unknown): T {
  const parsed = shape.safeParse(body)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw invalidRequest(`${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'is required'}`)
}
