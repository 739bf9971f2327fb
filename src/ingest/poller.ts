import { untilDue } from './pace.ts'
import { delayAfter, pause } from './retry.ts'
import { conversations } from './sources/conversations.ts'
import { deletions } from './sources/deletions.ts'
import { directMessages } from './sources/direct-messages.ts'
import { likes } from './sources/likes.ts'
import { mentions } from './sources/mentions.ts'
import { ownPosts } from './sources/own-posts.ts'
import type { PolledAccount, Source, SourceServices } from './sources/source.ts'
import { streamingForMs } from './stream-health.ts'

/*
 * The net under the stream and the webhooks: everything is also asked for. Each source of an account has a loop of its
 * own, since X's limits are per endpoint. While the stream is well, what it tells is asked for less often; as soon as it
 * is not, or was connected anew, at the full pace again.
 */

export interface PollerOptions extends SourceServices {
  /** Between the beginnings of two rounds of mentions. */
  readonly everyMs: number
  /** Told when a source has read all there was. */
  readonly onSynced?: (accountId: string, source: string) => void
}

const SOURCES: readonly Source[] = [mentions, conversations, ownPosts, likes, directMessages, deletions]

/** While the stream is well, rounds are this many times as far apart. */
const RELAXED = 4
/** In rounds of mentions: with one each 15 s, five minutes. */
const MOST_RELAXED = 20

/** Polls one account until `signal` aborts. */
export async function pollAccount(options: PollerOptions, account: PolledAccount, signal: AbortSignal): Promise<void> {
  const wanted = SOURCES.filter((source) => source.wants(account))
  await Promise.all(wanted.map((source) => pollSource(options, account, source, signal)))
}

async function pollSource(
  options: PollerOptions,
  account: PolledAccount,
  source: Source,
  signal: AbortSignal,
): Promise<void> {
  const { logger, onSynced } = options
  let begunAt: number | undefined
  for (let failures = 0; !signal.aborted; ) {
    try {
      await waitForRound(options, account, source, begunAt, signal)
      if (signal.aborted) return
      begunAt = performance.now()
      await source.round(options, account, signal)
      failures = 0
      onSynced?.(account.id, source.name)
    } catch (error) {
      if (signal.aborted) return
      failures++
      const waitMs = Math.round(delayAfter(error, failures))
      logger.warn({ err: error, accountId: account.id, source: source.name, waitMs }, 'polling failed; trying again')
      await pause(waitMs, signal)
    }
  }
}

/** Looks again at least each round: the stream may have ended. */
async function waitForRound(
  { store, calls, everyMs }: PollerOptions,
  { id: accountId }: PolledAccount,
  { endpoint, slower, callsARound, streamed }: Source,
  begunAt: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  const normal = everyMs * slower
  const relaxed = Math.max(normal, everyMs * Math.min(slower * RELAXED, MOST_RELAXED))
  // What was said before the stream was connected, it does not tell: only a round that began since then may rest long.
  const covered = async () =>
    streamed && begunAt !== undefined && performance.now() - begunAt < (await streamingForMs(store))
  const intervalMs = async () => ((await covered()) ? relaxed : normal)
  const wait = (ms: number, until: AbortSignal) => pause(Math.min(ms, normal), until)
  await untilDue({ calls, accountId, endpoint, callsARound, intervalMs }, begunAt, signal, wait)
}
