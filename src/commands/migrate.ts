import type { Config } from '../config.ts'
import { lockDataDir } from '../store/data-dir.ts'
import { startEmbeddedPostgres } from '../store/embedded-postgres.ts'
import { migrate } from '../store/migrate.ts'

/** `migrate`: applies what prisma/migrations has and the database has not. Needed only before a rolling upgrade: `start` does it too. */
export async function migrateCommand(config: Config): Promise<number> {
  const embedded = config.databaseUrl === undefined ? await openEmbedded(config.dataDir) : undefined
  try {
    const { applied } = await migrate(config.databaseUrl ?? embedded?.url ?? '')
    for (const name of applied) process.stdout.write(`applied ${name}\n`)
    process.stdout.write(applied.length > 0 ? 'The database is up to date now.\n' : 'The database is up to date.\n')
    return 0
  } finally {
    await embedded?.close()
  }
}

async function openEmbedded(dataDir: string): Promise<{ url: string; close: () => Promise<void> }> {
  const release = await lockDataDir(dataDir)
  try {
    const postgres = await startEmbeddedPostgres({ dataDir })
    const close = async () => {
      await postgres.stop()
      await release()
    }
    return { url: postgres.url, close }
  } catch (error) {
    await release()
    throw error
  }
}
