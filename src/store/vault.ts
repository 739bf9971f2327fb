import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'

/*
 * Sealing of secrets at rest: AES-256-GCM under a key derived from PERCH_SECRET. The text form is
 * `v1.<key id>.<base64url of iv, tag and ciphertext>`. The place (table, row, column) is bound in as
 * associated data, so that a sealed value copied to another row does not open.
 */

export interface Vault {
  /** Seals a text for one place, such as `account_credential/<id>/access_token`. */
  seal(text: string, place: string): string
  /** Opens what was sealed for that place. Throws UnsealError. */
  open(sealed: string, place: string): string
  /** What values that are sealed with the current secret begin with. */
  readonly currentPrefix: string
}

/** A sealed value that does not open: another secret, another place, or damage. Names no content. */
export class UnsealError extends Error {
  override readonly name = 'UnsealError'
}

const IV_BYTES = 12
const TAG_BYTES = 16
/** Without the length Node would take a tag that was cut short, which is easier to guess. */
const GCM = { authTagLength: TAG_BYTES }

/**
 * The vault of a key ring: `secret` (PERCH_SECRET) seals, and it and the `previous` ones open. So that a secret can be
 * replaced while processes run: a process that does not seal with the new one yet can open what another sealed with it.
 */
export function createVault(secret: string, previous: readonly string[] = []): Vault {
  const current = keyOf(secret)
  const ring = new Map([current, ...previous.map(keyOf)].map((key) => [key.id, key]))
  return {
    seal(text, place) {
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv('aes-256-gcm', current.bytes, iv, GCM).setAAD(Buffer.from(place))
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return `v1.${current.id}.${Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url')}`
    },
    open(sealed, place) {
      const [version, id, data, ...rest] = sealed.split('.')
      if (version !== 'v1' || id === undefined || data === undefined || rest.length > 0) {
        throw new UnsealError(`${place} is not a sealed value`)
      }
      const key = ring.get(id)
      if (!key) throw new UnsealError(`${place} was sealed with another PERCH_SECRET`)
      const bytes = Buffer.from(data, 'base64url')
      try {
        const decipher = createDecipheriv('aes-256-gcm', key.bytes, bytes.subarray(0, IV_BYTES), GCM)
          .setAAD(Buffer.from(place))
          .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
        return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8')
      } catch {
        throw new UnsealError(`${place} does not open: it was damaged or belongs to another row`)
      }
    },
    currentPrefix: `v1.${current.id}.`,
  }
}

function keyOf(secret: string): { readonly id: string; readonly bytes: Buffer } {
  const bytes = Buffer.from(hkdfSync('sha256', secret, '', 'perch vault v1', 32))
  return { id: createHash('sha256').update(bytes).digest('hex').slice(0, 8), bytes }
}
