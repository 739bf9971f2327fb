import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from './package-root.ts'
import type { MigrationList } from './schema-engine.ts'

/** One folder of prisma/migrations. */
export interface MigrationFile {
  /** The folder's name, which is the migration's; names sort in the order of application. */
  readonly name: string
  readonly script: string
}

/** The folder whose migrations this program brings along (absolute). */
export const migrationsFolder = () => join(packageRoot(), 'prisma/migrations')

/** The migrations in a folder, in order of application. */
export function readMigrations(folder: string): MigrationFile[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ name, script: readFileSync(join(folder, name, 'migration.sql'), 'utf8') }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Migrations in the form the schema engine takes them. */
export function asMigrationList(folder: string, files: readonly MigrationFile[]): MigrationList {
  return {
    baseDir: folder,
    lockfile: { path: 'migration_lock.toml', content: readFileSync(join(folder, 'migration_lock.toml'), 'utf8') },
    shadowDbInitScript: '',
    migrationDirectories: files.map(({ name, script }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: script } },
    })),
  }
}

/** Whether a checksum from `_prisma_migrations` (SHA-256, hex) is this script's, whatever git made of its line ends. */
export function isChecksumOf(checksum: string, script: string): boolean {
  const unix = script.replaceAll('\r\n', '\n')
  return [script, unix, unix.replaceAll('\n', '\r\n')].some(
    (text) => createHash('sha256').update(text).digest('hex') === checksum,
  )
}
