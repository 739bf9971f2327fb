// Fails when prisma/schema.prisma and prisma/migrations say different things: builds a database by the
// migrations, in a PostgreSQL of its own, and compares. Part of `npm run check`.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkDrift } from '../src/store/drift.ts'
import { startEmbeddedPostgres } from '../src/store/embedded-postgres.ts'
import { migrate } from '../src/store/migrate.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'perch-drift-'))
// Root's PostgreSQL runs as nobody, who has to get in.
chmodSync(dataDir, 0o711)
try {
  const server = await startEmbeddedPostgres({ dataDir, settings: { fsync: 'off' } })
  try {
    await migrate(server.url)
    const drift = await checkDrift(server.url)
    if (drift === undefined) {
      console.log('prisma/schema.prisma and prisma/migrations agree.')
    } else {
      console.error(`prisma/schema.prisma is ahead of prisma/migrations. A new migration has to do this:\n\n${drift}`)
      process.exitCode = 1
    }
  } finally {
    await server.stop()
  }
} finally {
  rmSync(dataDir, { recursive: true, force: true })
}
