import { resolve } from 'node:path'
import { lockDataDir, unusable } from './data-dir.ts'
import { installedBinaries, runnableBinaries } from './embedded/binaries.ts'
import { DATABASE_USER, ensureCluster } from './embedded/cluster.ts'
import { findHome, type Home } from './embedded/home.ts'
import { send, startServer } from './embedded/server.ts'
import { StartupError } from './startup-error.ts'

/*
 * A real PostgreSQL that comes with the program. Invariants: one server per data directory; data appears
 * whole or not at all; whatever was killed when, the next start finds its way and keeps the data.
 */

export interface EmbeddedPostgresOptions {
  /** The program's data directory; the database goes into it, or elsewhere with a note in it (home.ts). */
  readonly dataDir: string
  readonly log?: (line: string) => void
  /** Server settings besides ours, for tests. */
  readonly settings?: Readonly<Record<string, string>>
}

export interface EmbeddedPostgres {
  /** With the superuser's password: never to be logged. */
  readonly url: string
  /** Where data, password and server log are. */
  readonly directory: string
  /** The postmaster. */
  readonly pid: number
  /** Resolves when the server has ended: after `stop()`, or because something else ended it. */
  readonly exited: Promise<void>
  /** Fast shutdown, at most about 5 s; sessions that are still open are ended. */
  stop(): Promise<void>
}

/** Starts the embedded PostgreSQL of a data directory, creating both if need be. Throws StartupError. */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir)
  const installed = installedBinaries()
  const log = options.log ?? (() => {})
  const home = findHomeIn(dataDir, log)
  const release = await lockDataDir(home.folder)
  try {
    const binaries = runnableBinaries(installed, home.user, home.copies)
    const password = await ensureCluster(home, binaries, log)
    const server = await startServer(home, binaries, options.settings ?? {})
    // Should the program end without stop(), the server shuts down by itself.
    const onExit = () => send(server.pid, 'SIGINT')
    process.once('exit', onExit)
    return {
      url: `postgres://${DATABASE_USER}:${password}@127.0.0.1:${server.port}/postgres`,
      directory: home.folder,
      pid: server.pid,
      exited: server.exited,
      async stop() {
        await server.stop()
        process.off('exit', onExit)
        release()
      },
    }
  } catch (error) {
    release()
    if (error instanceof StartupError || !isFileError(error)) throw error
    throw unusable(home.folder, error)
  }
}

function findHomeIn(dataDir: string, log: (line: string) => void): Home {
  try {
    return findHome(dataDir, log)
  } catch (error) {
    if (error instanceof StartupError) throw error
    throw unusable(dataDir, error)
  }
}

const isFileError = (error: unknown) => error instanceof Error && 'syscall' in error && 'path' in error
