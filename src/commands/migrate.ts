import type { Config } from '../config.ts'
import { migrate } from '../store/migrate.ts'
import { openDatabase } from './open-database.ts'

/** `migrate`: applies what prisma/migrations has and the database has not. Needed only before a rolling upgrade: `start` does it too. */
export async function migrateCommand(config: Config): Promise<number> {
  const database = await openDatabase(config)
  try {
    const { applied } = await migrate(database.url)
    for (const name of applied) process.stdout.write(`applied ${name}\n`)
    process.stdout.write(applied.length > 0 ? 'The database is up to date now.\n' : 'The database is up to date.\n')
    return 0
  } finally {
    await database.close()
  }
}
