import { FlagError, type Flags, readFlags, USAGE } from './flags.ts'
import { BRAND, createSimulator, DEFAULT_APP, type Simulator } from './index.ts'

/*
 * The simulator as a program: `npm run simulator`. With an IPC channel (child_process.fork) it says
 * {ready: true, port} there and ends when the channel does, so that it never outlives a killed parent.
 */

const XCHAT_DELAY_MS = 3_000

function flagsOrExit(): Flags {
  try {
    return readFlags(process.argv.slice(2), process.env)
  } catch (error) {
    if (!(error instanceof FlagError)) throw error
    return fail(error.message)
  }
}

function fail(message: string): never {
  process.stderr.write(`simulator: ${message}\n`)
  process.exit(1)
}

async function startOrExit({ port, host, seed, xchatPin }: Flags): Promise<Simulator> {
  try {
    return await createSimulator({ port, host, seed, xchatPin })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EADDRINUSE') return fail(`port ${port} of ${host} is in use: stop what uses it, or give --port`)
    if (code === 'EACCES') return fail(`port ${port} of ${host} needs more rights than this user has: give --port`)
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      return fail(`this machine has no address ${host}: give --host`)
    throw error
  }
}

const flags = flagsOrExit()
if (flags.help) {
  process.stdout.write(USAGE)
  process.exit(0)
}
const say = (line: string) => {
  if (!flags.quiet) process.stdout.write(`${line}\n`)
}

const simulator = await startOrExit(flags)

const stop = async () => {
  await simulator.close()
  process.exit(0)
}
process.once('SIGINT', stop)
process.once('SIGTERM', stop)
process.once('disconnect', stop)
// Whoever read our output may be gone before us.
process.stdout.on('error', () => undefined)

say(`X simulator on ${simulator.url}`)
say(`  app      ${DEFAULT_APP.clientId} / ${DEFAULT_APP.clientSecret} / bearer ${DEFAULT_APP.bearerToken}`)
say(`  control  curl ${simulator.url}/control/state`)
process.send?.({ ready: true, port: simulator.port })

const { xchatPin } = flags
if (xchatPin) {
  // Last and later: realms are three processes, and a PIN takes a second of CPU, while others want to get to their feet.
  setTimeout(() => {
    simulator.setUpXChat({ user: BRAND.id, pin: xchatPin }).then(
      () => say(`  XChat    @acme, PIN ${xchatPin}`),
      (error: unknown) => process.stderr.write(`simulator: XChat is not set up: ${String(error)}\n`),
    )
  }, XCHAT_DELAY_MS)
}

if (flags.replay) {
  say(`  replay   ${flags.replay.length} posts at speed ${flags.speed}`)
  const ids = await simulator.replay(flags.replay, { speed: flags.speed })
  say(`replayed ${ids.length} posts`)
}
if (flags.traffic > 0) {
  say(`  traffic  ${flags.traffic} posts a minute to @acme`)
  simulator.setTraffic({ perMinute: flags.traffic })
}
