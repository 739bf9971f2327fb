import { destination, type Logger, pino } from 'pino'
import pretty from 'pino-pretty'

/**
 * The program's log, on standard error, so that standard output carries only what a command prints. JSON lines in
 * production; readable lines in development. What may hold a secret is cut out by name, should it ever get here.
 */
export function createLogger(level: string, development: boolean): Logger {
  const options = {
    level,
    redact: {
      paths: [
        '*.accessToken',
        '*.refreshToken',
        '*.access_token',
        '*.refresh_token',
        '*.authorization',
        '*.pin',
        '*.password',
      ],
      censor: '[redacted]',
    },
  }
  if (!development) return pino(options, destination(2))
  return pino(
    options,
    pretty({
      destination: 2,
      sync: true,
      colorize: process.stderr.isTTY === true,
      ignore: 'pid,hostname',
      translateTime: 'HH:MM:ss',
    }),
  )
}
