import type { Config } from '../config.ts'
import { lockDataDir } from '../store/data-dir.ts'
import { startEmbeddedPostgres } from '../store/embedded-postgres.ts'

/** The database that the settings name, for a command beside `start`; the embedded one is started for it. */
export interface OpenDatabase {
  readonly url: string
  close(): Promise<void>
}

/** Throws StartupError when a running Perch has the data directory. */
export async function openDatabase({ databaseUrl, dataDir }: Config): Promise<OpenDatabase> {
  if (databaseUrl !== undefined) return { url: databaseUrl, close: async () => {} }
  const release = await lockDataDir(dataDir)
  try {
    const postgres = await startEmbeddedPostgres({ dataDir })
    return {
      url: postgres.url,
      async close() {
        await postgres.stop()
        await release()
      },
    }
  } catch (error) {
    await release()
    throw error
  }
}
