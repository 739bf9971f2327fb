// A program of its own with an embedded PostgreSQL, for tests that kill it. Says in one line of JSON where
// the server is, or why there is none. Stops the server when its input ends; leaves at once, without
// stopping it, when its input is anything at all.
import { startEmbeddedPostgres } from '../../src/store/embedded-postgres.ts'
import { StartupError } from '../../src/store/startup-error.ts'

try {
  const server = await startEmbeddedPostgres({ dataDir: process.argv[2] ?? '' })
  console.log(JSON.stringify({ url: server.url, directory: server.directory, pid: server.pid }))
  process.stdin.on('data', () => process.exit()).on('end', () => void server.stop())
} catch (error) {
  if (!(error instanceof StartupError)) throw error
  console.log(JSON.stringify({ refused: error.message }))
}
