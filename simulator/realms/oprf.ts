import { randomBytes } from 'node:crypto'
import { ristretto255 } from '@noble/curves/ed25519.js'
import { bytesToNumberLE } from '@noble/curves/utils.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { type Proof, WireError } from './wire.ts'

const { Point } = ristretto255
const Scalar = Point.Fn
const CHALLENGE = utf8ToBytes('Juicebox_DLEQ_2023_1;')

/** 64 bytes, little-endian, reduced by the group's order: as good as uniform. */
const wideScalar = (bytes: Uint8Array): bigint => Scalar.create(bytesToNumberLE(bytes))

/**
 * Evaluates the oblivious pseudo-random function (2HashDH over ristretto255) on a blinded PIN, and proves that it was
 * done with the private key of `publicKey`: Chaum-Pedersen, made non-interactive by Fiat-Shamir (juicebox-sdk,
 * rust/oprf). Throws a WireError for a key or an input that is none.
 */
export function blindEvaluate(
  privateKey: Uint8Array,
  publicKey: Uint8Array,
  blindedInput: Uint8Array,
): { readonly result: Uint8Array; readonly proof: Proof } {
  const { key, input } = readOperands(privateKey, blindedInput)
  const output = input.multiply(key)
  const nonce = wideScalar(randomBytes(64))
  const challenge = wideScalar(
    sha512(
      concatBytes(
        CHALLENGE,
        input.toBytes(),
        publicKey,
        output.toBytes(),
        Point.BASE.multiply(nonce).toBytes(),
        input.multiply(nonce).toBytes(),
      ),
    ),
  )
  const response = Scalar.add(nonce, Scalar.mul(key, challenge))
  return {
    result: output.toBytes(),
    proof: { c: Scalar.toBytes(challenge), beta_z: Scalar.toBytes(response) },
  }
}

function readOperands(privateKey: Uint8Array, blindedInput: Uint8Array) {
  try {
    return { key: Scalar.fromBytes(privateKey), input: Point.fromBytes(blindedInput) }
  } catch {
    throw new WireError('The key or the blinded input is not of ristretto255.')
  }
}
