// Runs the jobs of the database of its argument, in a process of its own, and says which it has begun and ended.
import { pino } from 'pino'
import { startJobRunner } from '../../src/store/job-runner.ts'

const [url = ''] = process.argv.slice(2)
await startJobRunner({
  databaseUrl: url,
  logger: pino({ level: 'silent' }),
  concurrency: 1,
  tasks: {
    'test.long': async (payload) => {
      console.log(`begun ${JSON.stringify(payload)}`)
      await new Promise((resolve) => setTimeout(resolve, 60_000))
      console.log(`ended ${JSON.stringify(payload)}`)
    },
  },
})
