import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lockDataDir } from '../../src/store/data-dir.ts'
import { startOf } from '../../src/store/embedded/processes.ts'
import { StartupError } from '../../src/store/startup-error.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'perch-lock-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('the data directory is made, closed to others, and used by one at a time', async () => {
  const dir = join(folder, 'some/where')
  const release = await lockDataDir(dir)
  // Root's database runs as another user, who passes through.
  expect(statSync(dir).mode & 0o777).toBe(process.getuid?.() === 0 ? 0o711 : 0o700)
  await expect(lockDataDir(dir)).rejects.toThrow('already in use by this process')
  release()
  expect(readdirSync(dir)).toEqual([])
  const again = await lockDataDir(dir)
  again()
})

test('a living process that uses the directory is named', async () => {
  const parent = process.ppid
  writeFileSync(join(folder, `in-use-by-${parent}-${startOf(parent)}`), '')
  const refusal = await lockDataDir(folder).then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(refusal).toBeInstanceOf(StartupError)
  expect(String(refusal)).toContain(`already in use by process ${parent}: stop that one`)
  expect(readdirSync(folder)).toHaveLength(1)
})

test.each([
  ['is gone', () => spawnSync('true').pid, 1],
  ['was killed and whose number another process has now', () => process.ppid, 1],
  ['had this process’s own number', () => process.pid, 1],
])('the claim of a process that %s counts for nothing', async (_, pid, start) => {
  const stale = join(folder, `in-use-by-${pid()}-${start}`)
  writeFileSync(stale, '')
  const release = await lockDataDir(folder)
  expect(existsSync(stale)).toBe(false)
  release()
})

test('a folder that cannot be made is refused in one sentence', async () => {
  writeFileSync(join(folder, 'file'), '')
  await expect(lockDataDir(join(folder, 'file/below'))).rejects.toThrow(
    /^The data directory .*\/file\/below cannot be written \(ENOTDIR\): make it writable .*\.$/,
  )
})
