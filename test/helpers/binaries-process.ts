// Looks for runnable PostgreSQL binaries, as several programs may do at the same time.
import { runnableBinaries } from '../../src/store/embedded/binaries.ts'

const [folder = '', copies = '', uid] = process.argv.slice(2)
const user = uid === undefined ? undefined : { uid: Number(uid), gid: Number(uid) }
console.log(JSON.stringify(runnableBinaries({ folder, version: '18-test' }, user, () => copies)))
