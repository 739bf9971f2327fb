import type { Position } from '../domain/position.ts'
import type { MicroDollars } from '../domain/price.ts'
import type PrismaTypes from '../generated/pothos.ts'
import type { Context } from './context.ts'

/** What the schema's types are written against. */
export interface SchemaTypes {
  PrismaTypes: PrismaTypes
  Context: Context
  /** signedIn: whoever sent a token. staff: agents and administrators. admin: administrators. */
  AuthScopes: { signedIn: boolean; staff: boolean; admin: boolean }
  Scalars: {
    ID: { Input: string; Output: string }
    DateTime: { Input: Date; Output: Date }
    Position: { Input: Position; Output: Position }
    XChatPin: { Input: string; Output: never }
    /** A day, `2026-11-23`. */
    Date: { Input: string; Output: string }
    Dollars: { Input: MicroDollars; Output: MicroDollars }
    JSON: { Input: unknown; Output: unknown }
  }
  DefaultFieldNullability: false
  DefaultEdgesNullability: { list: false; items: false }
}
