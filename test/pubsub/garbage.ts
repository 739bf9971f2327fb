import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')

/** Frees what is unreachable, now. */
export const collectGarbage: () => void = runInNewContext('gc')
