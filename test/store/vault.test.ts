import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createVault, UnsealError } from '../../src/store/vault.ts'

const SECRET = 'a secret that is long enough for anybody'
const vault = createVault(SECRET)
const PLACE = 'account_credential/1/access_token'

describe('a ring of keys', () => {
  const [old, next] = ['the secret of yesterday, long enough', 'the secret of tomorrow, long enough']

  it('lets a secret be replaced without a moment in which a process cannot open what another sealed', () => {
    // First every process learns the next one, then they go over to it, one by one, then the old one is forgotten.
    const steps = [createVault(old), createVault(old, [next]), createVault(next, [old]), createVault(next)]
    for (let at = 0; at + 1 < steps.length; at++) {
      const [here, there] = [steps[at], steps[at + 1]]
      const sealed = [here?.seal('a', PLACE) ?? '', there?.seal('b', PLACE) ?? '']
      for (const value of sealed) {
        expect(here?.open(value, PLACE)).toMatch(/a|b/)
        expect(there?.open(value, PLACE)).toMatch(/a|b/)
      }
    }
  })

  it('seals with the first alone, and says which values that is', () => {
    const vault = createVault(next, [old])
    expect(vault.seal('a', PLACE).startsWith(vault.currentPrefix)).toBe(true)
    expect(createVault(old).seal('a', PLACE).startsWith(vault.currentPrefix)).toBe(false)
    expect(() => createVault(old).open(vault.seal('a', PLACE), PLACE)).toThrow(UnsealError)
  })
})

describe('the vault', () => {
  it('gives back any text, also from another process with the same secret', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, place) => {
        expect(createVault(SECRET).open(vault.seal(text, place), place)).toBe(text)
      }),
    )
  })

  it('shows nothing of the text, and seals it otherwise each time', () => {
    const text = 'a token that nobody may read'
    const sealed = vault.seal(text, PLACE)
    expect(sealed).toMatch(/^v1\.[0-9a-f]{8}\.[\w-]+$/)
    const bytes = Buffer.from(sealed.split('.')[2] ?? '', 'base64url').toString('latin1')
    for (let at = 0; at + 4 <= text.length; at++) expect(bytes).not.toContain(text.slice(at, at + 4))
    expect(sealed).not.toContain(SECRET)
    expect(vault.seal(text, PLACE)).not.toBe(sealed)
  })

  it('does not open for another row or another column', () => {
    const sealed = vault.seal('token', PLACE)
    for (const place of ['account_credential/2/access_token', 'account_credential/1/refresh_token', '']) {
      expect(() => vault.open(sealed, place)).toThrow(UnsealError)
    }
  })

  it('does not open with another secret, and says so', () => {
    const other = createVault(`${SECRET}.`)
    expect(() => other.open(vault.seal('token', PLACE), PLACE)).toThrow(/another PERCH_SECRET/)
  })

  it('does not open when any one bit of it was changed', () => {
    const [version, id, data = ''] = vault.seal('token', PLACE).split('.')
    const bytes = Buffer.from(data, 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(() => vault.open(`${version}.${id}.${changed.toString('base64url')}`, PLACE)).toThrow(UnsealError)
    }
  })

  it('does not open when cut short anywhere, nor when it never was sealed', () => {
    const sealed = vault.seal('token', PLACE)
    for (const whole of [sealed, vault.seal('', PLACE)]) {
      for (let length = 0; length < whole.length; length++) {
        expect(() => vault.open(whole.slice(0, length), PLACE)).toThrow(UnsealError)
      }
    }
    expect(() => vault.open(`${sealed}AAAA`, PLACE)).toThrow(UnsealError)
    expect(() => vault.open(`${sealed}.AAAA`, PLACE)).toThrow(UnsealError)
    expect(() => vault.open(`v2${sealed.slice(2)}`, PLACE)).toThrow(UnsealError)
    fc.assert(fc.property(fc.string(), (text) => void expect(() => vault.open(text, PLACE)).toThrow(UnsealError)))
  })

  it('names in its errors the place, never the content', () => {
    const sealed = vault.seal('token', PLACE)
    try {
      vault.open(sealed, 'elsewhere')
      expect.unreachable()
    } catch (error) {
      expect(String(error)).toContain('elsewhere')
      expect(String(error)).not.toContain(sealed)
    }
  })
})
