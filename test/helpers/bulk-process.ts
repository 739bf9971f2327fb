// Works on the bulk updates of the database of its argument, in a process of its own that a test kills.
import { pino } from 'pino'
import { BULK_UPDATE } from '../../src/bulk/jobs.ts'
import { createBulkUpdateTask } from '../../src/bulk/task.ts'
import { startJobRunner } from '../../src/store/job-runner.ts'
import { openStore } from '../../src/store/open.ts'
import { bulkReplies } from './bulk-replies.ts'

const [databaseUrl = ''] = process.argv.slice(2)
const logger = pino({ level: 'silent' })
const store = await openStore({ databaseUrl, bus: { ring: async () => {} }, logger })
await startJobRunner({
  databaseUrl,
  logger,
  tasks: { [BULK_UPDATE]: createBulkUpdateTask({ store, replies: bulkReplies(store), logger }) },
})
