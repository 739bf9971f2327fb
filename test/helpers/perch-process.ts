// Perch as `start` runs it, at the paces of its argument (JSON), in a process of its own that a test kills.
import { pino } from 'pino'
import { startApp, type Tuning } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'

const [tuning = '{}'] = process.argv.slice(2)
const config = readConfig(process.env)
const app = await startApp(config, pino({ level: config.logLevel }), JSON.parse(tuning) as Tuning)
process.once('SIGTERM', () => void app.close().then(() => process.exit(0)))
