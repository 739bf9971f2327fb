import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { x25519 } from '@noble/curves/ed25519.js'
import { blake2s } from '@noble/hashes/blake2.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'

/*
 * The responder's half of Noise_NK_25519_ChaChaPoly_BLAKE2s (noiseprotocol.org, revision 34; juicebox-sdk, rust/noise):
 * the client knows the realm's static key, the realm does not know the client's.
 */

const PROTOCOL = utf8ToBytes('Noise_NK_25519_ChaChaPoly_BLAKE2s')
const EMPTY = new Uint8Array()

/** A handshake or a message that does not decrypt. */
export class NoiseError extends Error {
  override readonly name = 'NoiseError'
}

export interface KeyPair {
  readonly secretKey: Uint8Array
  readonly publicKey: Uint8Array
}

/** The pair of a static secret key. */
export const keyPairOf = (secretKey: Uint8Array): KeyPair => ({ secretKey, publicKey: x25519.getPublicKey(secretKey) })

/** A new static secret key. */
export const newSecretKey = (): Uint8Array => x25519.utils.randomSecretKey()

/** One direction of a session: a key and the number of the next message. */
class CipherState {
  readonly #key: Uint8Array
  #number = 0n

  constructor(key: Uint8Array) {
    this.#key = key
  }

  encrypt(plaintext: Uint8Array, associated: Uint8Array = EMPTY): Uint8Array {
    const ciphertext = this.#cipher(associated).encrypt(plaintext)
    this.#number += 1n
    return ciphertext
  }

  /** Throws a NoiseError, and waits for the same message again. */
  decrypt(ciphertext: Uint8Array, associated: Uint8Array = EMPTY): Uint8Array {
    try {
      const plaintext = this.#cipher(associated).decrypt(ciphertext)
      this.#number += 1n
      return plaintext
    } catch {
      throw new NoiseError('The message does not decrypt.')
    }
  }

  #cipher(associated: Uint8Array) {
    // Four zero bytes and the number in little-endian order (Noise, section 12.3).
    const nonce = new Uint8Array(12)
    new DataView(nonce.buffer).setBigUint64(4, this.#number, true)
    return chacha20poly1305(this.#key, nonce, associated)
  }
}

/** An open session. Both sides count messages, so each decrypts once and in order. */
export interface Session {
  /** What the client sent. Throws a NoiseError. */
  decrypt(ciphertext: Uint8Array): Uint8Array
  encrypt(plaintext: Uint8Array): Uint8Array
}

/** A handshake whose first message has been read; `finish` writes the second, and there is a session. */
export interface Handshake {
  /** What the client sent along; without forward secrecy. */
  readonly payload: Uint8Array
  finish(reply: Uint8Array): { readonly session: Session; readonly ephemeral: Uint8Array; readonly payload: Uint8Array }
}

/** Reads a client's handshake. Throws a NoiseError for one that is not meant for this key. */
export function readHandshake(own: KeyPair, clientEphemeral: Uint8Array, payload: Uint8Array): Handshake {
  let hash: Uint8Array = blake2s(PROTOCOL)
  let chainingKey = hash
  const mixHash = (data: Uint8Array) => {
    hash = blake2s(concatBytes(hash, data))
  }
  const mixKey = (secretKey: Uint8Array): CipherState => {
    const [next, key] = deriveTwo(chainingKey, agree(secretKey, clientEphemeral))
    chainingKey = next
    return new CipherState(key)
  }

  mixHash(EMPTY) // The prologue, of which there is none.
  mixHash(own.publicKey)
  mixHash(clientEphemeral)
  const plaintext = mixKey(own.secretKey).decrypt(payload, hash)
  mixHash(payload)

  return {
    payload: plaintext,
    finish(reply) {
      const ephemeral = keyPairOf(newSecretKey())
      mixHash(ephemeral.publicKey)
      const ciphertext = mixKey(ephemeral.secretKey).encrypt(reply, hash)
      const [fromClient, toClient] = deriveTwo(chainingKey, EMPTY)
      const incoming = new CipherState(fromClient)
      const outgoing = new CipherState(toClient)
      return {
        session: {
          decrypt: (message) => incoming.decrypt(message),
          encrypt: (message) => outgoing.encrypt(message),
        },
        ephemeral: ephemeral.publicKey,
        payload: ciphertext,
      }
    },
  }
}

function agree(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  try {
    return x25519.getSharedSecret(secretKey, publicKey)
  } catch {
    throw new NoiseError('The key is no key of X25519.')
  }
}

/** Noise's HKDF with two outputs: RFC 5869's with the chaining key as salt and no info. */
function deriveTwo(chainingKey: Uint8Array, input: Uint8Array): readonly [Uint8Array, Uint8Array] {
  const both = hkdf(blake2s, input, chainingKey, EMPTY, 64)
  return [both.subarray(0, 32), both.subarray(32)]
}
