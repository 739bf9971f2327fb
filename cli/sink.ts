import { once } from 'node:events'
import type { Writable } from 'node:stream'

/** Where lines go that may be read slowly. */
export interface Sink {
  /** Takes a line; while the reader is behind, the socket that brings more is not read. */
  write(line: string): void
  /** The socket that brings more; undefined while there is none. */
  onSocket(socket: unknown): void
  /** Resolves when the reader has caught up. */
  drained(): Promise<void>
}

/**
 * A reader that is slow must cost no memory, so the socket waits with it: Perch is a place in the log, and waits too, or
 * cuts the socket after some seconds. Then a new one is opened when the reader has caught up, and goes on behind the
 * last line.
 */
export function sinkOf(stream: Writable): Sink {
  let socket: { pause(): void; resume(): void } | undefined
  let catchingUp: Promise<void> | undefined
  const catchUp = async (): Promise<void> => {
    await once(stream, 'drain')
    catchingUp = undefined
    socket?.resume()
  }
  return {
    write(line) {
      if (stream.write(`${line}\n`) || catchingUp) return
      socket?.pause()
      catchingUp = catchUp()
    },
    onSocket(opened) {
      socket = isPausable(opened) ? opened : undefined
    },
    drained: () => catchingUp ?? Promise.resolve(),
  }
}

const isPausable = (socket: unknown): socket is { pause(): void; resume(): void } =>
  typeof socket === 'object' && socket !== null && 'pause' in socket && 'resume' in socket
