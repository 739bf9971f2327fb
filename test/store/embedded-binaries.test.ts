import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { installedBinaries } from '../../src/store/embedded/binaries.ts'
import { StartupError } from '../../src/store/startup-error.ts'
import { runProgram } from '../helpers/programs.ts'

const isRoot = process.getuid?.() === 0
const NOBODY = 65_534

test('binaries that npm left without links, where they cannot be used, are copied once for all who start together', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'perch-binaries-'))
  try {
    chmodSync(folder, 0o711)
    const installed = join(folder, 'package/native')
    const copies = join(folder, 'copies')
    mkdirSync(copies, { mode: 0o755 })
    // A copy that a killed program left half done.
    mkdirSync(join(copies, 'postgresql-18-test.copy-999999999'))
    cpSync(installedBinaries().folder, installed, {
      recursive: true,
      filter: (path) => !lstatSync(path).isSymbolicLink(),
    })
    // Read-only for this user; root may write everywhere, but PostgreSQL's user cannot come in.
    execFileSync('chmod', ['-R', 'go-rwx,u-w', join(folder, 'package')])

    const args = [installed, copies, ...(isRoot ? [String(NOBODY)] : [])]
    const found = await Promise.all([1, 2].map(() => runProgram('binaries-process', { args }).said))
    const copy = join(copies, 'postgresql-18-test')
    expect(found).toEqual([1, 2].map(() => ({ folder: copy, version: '18-test' })))
    expect(readdirSync(copies)).toEqual(['postgresql-18-test'])
    const user = isRoot ? { uid: NOBODY, gid: NOBODY } : {}
    const asked = spawnSync(join(copy, 'bin/postgres'), ['--version'], { ...user, cwd: '/', encoding: 'utf8' })
    expect(asked.stdout).toMatch(/^postgres \(PostgreSQL\) \d+/)
  } finally {
    execFileSync('chmod', ['-R', 'u+w', folder])
    rmSync(folder, { recursive: true })
  }
}, 60_000)

test.each([
  ['win32', 'x64', 'does not run on win32'],
  ['linux', 'riscv64', 'is not available for linux on riscv64'],
])('on %s %s, where there are none, one sentence says what to do', (platform, arch, words) => {
  expect(() => installedBinaries(platform, arch)).toThrow(StartupError)
  expect(() => installedBinaries(platform, arch)).toThrow(
    new RegExp(`${words}.*: set DATABASE_URL to a PostgreSQL server instead\\.$`),
  )
})
