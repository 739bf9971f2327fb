import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { parseReplay, ReplayError, type ReplayLine } from './world/replay.ts'

export interface Flags {
  readonly port: number
  readonly host: string
  readonly seed: number
  readonly replay: readonly ReplayLine[] | undefined
  readonly speed: number
  readonly traffic: number
  readonly quiet: boolean
  /** The PIN under which @acme sets XChat up; undefined: it does not. */
  readonly xchatPin: string | undefined
  readonly help: boolean
}

/** A flag or a file that cannot be used, in one sentence. */
export class FlagError extends Error {
  override readonly name = 'FlagError'
}

export const USAGE = `The X simulator.

  --port N        port, 0 takes any (SIMULATOR_PORT, 4100)
  --host HOST     address to listen on (SIMULATOR_HOST, 127.0.0.1)
  --seed N        which world: same seed, same people and texts (SIMULATOR_SEED, 1)
  --traffic N     posts a minute that customers write to @acme (SIMULATOR_TRAFFIC, 12; with --replay 0)
  --replay FILE   posts to make, one JSON object a line: {"from","text","at"?,"inReplyTo"?} (SIMULATOR_REPLAY)
  --speed N       pace of the replay: 2 is twice as fast, 0 as fast as it goes (SIMULATOR_SPEED, 1)
  --xchat-pin PIN the PIN under which @acme sets XChat up once all is running; "" for none (SIMULATOR_XCHAT_PIN, 2580)
  --quiet         print nothing but errors (SIMULATOR_QUIET=1)
`

/** Reads flags, else the environment, else defaults; and the replay file. Throws FlagError. */
export function readFlags(args: readonly string[], env: NodeJS.ProcessEnv): Flags {
  const { values } = parse(args)
  const text = (name: 'port' | 'host' | 'seed' | 'speed' | 'traffic' | 'replay') =>
    values[name] ?? (env[`SIMULATOR_${name.toUpperCase()}`] || undefined)
  const number = (name: 'port' | 'seed' | 'speed' | 'traffic', otherwise: number, max: number, whole = false) => {
    const given = text(name)
    const value = given === undefined ? otherwise : Number(given)
    if (given !== undefined && (given.trim() === '' || !(value >= 0 && value <= max) || (whole && value % 1 !== 0))) {
      throw new FlagError(`--${name} must be a ${whole ? 'whole ' : ''}number from 0 to ${max}, not "${given}"`)
    }
    return value
  }
  const file = text('replay')
  return {
    port: number('port', 4100, 65_535, true),
    host: text('host') ?? '127.0.0.1',
    seed: number('seed', 1, 4_294_967_295, true),
    replay: file === undefined ? undefined : readReplay(file),
    speed: number('speed', 1, 1_000_000),
    traffic: number('traffic', file === undefined ? 12 : 0, 60_000),
    xchatPin: readPin(values['xchat-pin'] ?? env['SIMULATOR_XCHAT_PIN'] ?? '2580'),
    quiet: values.quiet ?? env['SIMULATOR_QUIET'] === '1',
    help: values.help ?? false,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: 'string' },
        host: { type: 'string' },
        seed: { type: 'string' },
        replay: { type: 'string' },
        speed: { type: 'string' },
        traffic: { type: 'string' },
        'xchat-pin': { type: 'string' },
        quiet: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw new FlagError(`${error instanceof Error ? error.message : 'bad flags'} (--help lists the flags)`)
  }
}

function readPin(pin: string): string | undefined {
  if (pin === '') return undefined
  if (!/^[0-9]{4}$/.test(pin)) throw new FlagError('--xchat-pin must be four digits')
  return pin
}

function readReplay(file: string): ReplayLine[] {
  try {
    return parseReplay(readFileSync(file, 'utf8'))
  } catch (error) {
    if (error instanceof ReplayError) throw new FlagError(`${file}: ${error.message}`)
    throw new FlagError(`the replay file ${file} cannot be read: ${error instanceof Error ? error.message : 'unknown'}`)
  }
}
