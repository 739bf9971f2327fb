// Migrates the database of its argument (by the migrations in the folder of the second, or ours), in a process of its own, and says what it applied.
import { migrate } from '../../src/store/migrate.ts'

const [url = '', folder] = process.argv.slice(2)
console.log(JSON.stringify(await migrate(url, undefined, folder ? { folder } : {})))
