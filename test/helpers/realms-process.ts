import { startRealms } from '../../simulator/realms/index.ts'

/* Three realms under a parent that a test can kill. Says their configuration and stays. */

const { configuration } = await startRealms()
process.stdout.write(`${configuration}\n`)
