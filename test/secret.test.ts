import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readSecret } from '../src/secret.ts'
import { StartupError } from '../src/store/startup-error.ts'

let folder: string
let dataDir: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perch-secret-'))
  dataDir = join(folder, 'data', 'dir')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('the secret of a deployment', () => {
  it('is the one that is given, and then nothing is written', async () => {
    expect(await readSecret({ secret: 'given', dataDir })).toBe('given')
    await expect(stat(dataDir)).rejects.toThrow('ENOENT')
  })

  it('is made once, random, and kept for its owner’s eyes only', async () => {
    const secret = await readSecret({ secret: undefined, dataDir })
    expect(secret).toMatch(/^[0-9a-f]{64}$/)
    expect(await readSecret({ secret: undefined, dataDir })).toBe(secret)
    expect((await readFile(join(dataDir, 'secret'), 'utf8')).trim()).toBe(secret)
    expect((await stat(join(dataDir, 'secret'))).mode & 0o777).toBe(0o600)
    expect((await stat(dataDir)).mode & 0o777).toBe(0o700)
    expect(await readSecret({ secret: undefined, dataDir: join(folder, 'other') })).not.toBe(secret)
  })

  it('is the same for all programs that come at once', async () => {
    const secrets = await Promise.all(Array.from({ length: 20 }, () => readSecret({ secret: undefined, dataDir })))
    expect(new Set(secrets).size).toBe(1)
    expect(await readdir(dataDir)).toEqual(['secret'])
  })

  it('that is damaged is not replaced: what it sealed would be lost', async () => {
    await readSecret({ secret: undefined, dataDir })
    await writeFile(join(dataDir, 'secret'), 'short\n')
    await expect(readSecret({ secret: undefined, dataDir })).rejects.toThrow(/damaged/)
    expect(await readFile(join(dataDir, 'secret'), 'utf8')).toBe('short\n')
  })

  it('that cannot be kept says where', async () => {
    await writeFile(join(folder, 'file'), '')
    const reading = readSecret({ secret: undefined, dataDir: join(folder, 'file', 'data') })
    await expect(reading).rejects.toThrow(StartupError)
    await expect(reading).rejects.toThrow(join(folder, 'file', 'data', 'secret'))
  })
})
