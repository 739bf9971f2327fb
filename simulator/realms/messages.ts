import { z } from 'zod'
import { recordSchema } from './record.ts'
import { bytes } from './wire.ts'

/*
 * What the manager and a realm's process say to each other over IPC (advanced serialization, so that bytes stay
 * bytes). The manager keeps the records, as a database would: a realm that is killed and started again loses nothing
 * that it answered.
 */

const answeredFaultSchema = z.enum(['upgrade-required', 'rate-limited', 'unavailable', 'hang'])
/** A fault of a realm that runs. */
export type AnsweredFault = z.infer<typeof answeredFaultSchema>

const startSchema = z.object({
  type: z.literal('start'),
  realmId: z.string().regex(/^[0-9a-f]{32}$/),
  /** The static Noise key of a hardware realm. */
  secretKey: bytes(32).optional(),
  /** Signs X's tokens. */
  tokenKey: bytes(32),
  maxGuesses: z.int().positive(),
  /** The port that it had before; any when absent. */
  port: z.int().optional(),
  records: z.map(z.string(), recordSchema),
})
export type Start = z.infer<typeof startSchema>

/** To a realm's process. */
export const toRealm = z.discriminatedUnion('type', [
  startSchema,
  /** The record of the `store` of this id is kept. */
  z.object({ type: z.literal('stored'), id: z.int() }),
  z.object({ type: z.literal('fault'), id: z.int(), fault: answeredFaultSchema.nullable() }),
  z.object({ type: z.literal('exhaust'), id: z.int(), userId: z.string() }),
])
export type ToRealm = z.infer<typeof toRealm>

/** From a realm's process. */
export const fromRealm = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready'), port: z.int() }),
  z.object({ type: z.literal('failed'), why: z.string() }),
  z.object({ type: z.literal('store'), id: z.int(), userId: z.string(), record: recordSchema }),
  /** The command of this id is carried out. */
  z.object({ type: z.literal('done'), id: z.int() }),
])
export type FromRealm = z.infer<typeof fromRealm>
