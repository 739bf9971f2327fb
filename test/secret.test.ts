import { copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { forgetPreviousSecret, readSecret, readSecrets, replaceKeptSecret } from '../src/secret.ts'
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

describe('a secret that is kept in the data directory', () => {
  const read = () => readSecrets({ secret: undefined, previousSecrets: [], dataDir })

  it('is replaced once, however often it is begun, and the old one opens until it is forgotten', async () => {
    const first = await readSecret({ secret: undefined, dataDir })
    await replaceKeptSecret(dataDir)
    const { current, previous } = await read()
    expect([current === first, previous]).toEqual([false, [first]])
    await replaceKeptSecret(dataDir)
    expect(await read()).toEqual({ current, previous })
    for (const name of await readdir(dataDir)) expect((await stat(join(dataDir, name))).mode & 0o777).toBe(0o600)
    await forgetPreviousSecret(dataDir)
    expect(await read()).toEqual({ current, previous: [] })
    expect(await readdir(dataDir)).toEqual(['secret'])
  })

  it('is never without its key, whenever it was killed', async () => {
    const first = await readSecret({ secret: undefined, dataDir })
    // Killed after the first step: the old secret has both names.
    await replaceKeptSecret(dataDir)
    await rm(join(dataDir, 'secret'))
    await copyFile(join(dataDir, 'secret.previous'), join(dataDir, 'secret'))
    await replaceKeptSecret(dataDir)
    const { current, previous } = await read()
    expect([current === first, previous]).toEqual([false, [first]])
    expect((await readFile(join(dataDir, 'secret.previous'), 'utf8')).trim()).toBe(first)
  })

  it('that is damaged signs and opens nothing', async () => {
    await readSecret({ secret: undefined, dataDir })
    for (const damaged of ['', 'short\n']) {
      await writeFile(join(dataDir, 'secret.previous'), damaged)
      await expect(read()).rejects.toThrow(/previous secret in .* is damaged/)
      await expect(replaceKeptSecret(dataDir)).rejects.toThrow(StartupError)
      expect(await readFile(join(dataDir, 'secret.previous'), 'utf8')).toBe(damaged)
    }
  })
})
