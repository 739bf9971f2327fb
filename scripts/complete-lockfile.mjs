// Run after changing dependencies: adds to package-lock.json the optional packages of other platforms that npm left
// out because its registry mirror does not carry them. Without an entry for each, `npm ci` refuses the whole file, also
// on platforms that never install them. The name tells platform, processor and C library.
import { readFileSync, writeFileSync } from 'node:fs'

const file = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(file, 'utf8'))
const OS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32']
const CPU = { arm64: 'arm64', x64: 'x64', ia32: 'ia32', ppc64: 'ppc64', riscv64: 'riscv64', s390x: 's390x', arm: 'arm' }

let added = 0
for (const parent of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const place = `node_modules/${name}`
    if (lock.packages[place] || !/^\d/.test(version)) continue
    const words = name.split(/[/-]/)
    const os = OS.find((word) => words.includes(word))
    const cpu = Object.keys(CPU).find((word) => words.includes(word))
    if (!os) continue
    lock.packages[place] = {
      version,
      ...(cpu && { cpu: [CPU[cpu]] }),
      ...(parent.dev && { dev: true }),
      ...(os === 'linux' && { libc: [name.includes('musl') ? 'musl' : 'glibc'] }),
      optional: true,
      os: [os],
    }
    added++
  }
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
lock.packages = Object.fromEntries(sorted)
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
console.log(`${added} packages of other platforms added.`)
