import { constants } from 'node:os'
import type { Client } from 'graphql-ws'
import type { Api } from '../api.ts'
import { connect } from '../connection.ts'
import { plain } from '../line.ts'
import { EXIT, say } from '../outcome.ts'
import type { Server } from '../server.ts'
import { type Begun, type FailedItem, failedItems, type Job } from './jobs.ts'
import { progressView } from './progress.ts'
import type { Report } from './report.ts'
import { watchJob } from './watch-job.ts'

/** A terminal that is left must have its cursor back. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** Failures that are said when it is over; the report has them all. */
const FAILURES_SAID = 5

/** Watches a bulk update to its end, and says what came of it. Gives the exit code; throws CommandError. */
export async function followToEnd(api: Api, server: Server, begun: Begun, report: Report | undefined): Promise<number> {
  const { id } = begun.job
  const view = progressView(process.stderr)
  const stop = (signal: NodeJS.Signals): void => {
    view.close()
    say(
      `\nThe bulk update goes on. To watch it again: perch bulk-update --watch ${id}\nTo stop it: perch bulk-update --cancel ${id}`,
    )
    process.exit(signal === 'SIGINT' ? EXIT.interrupted : 128 + constants.signals[signal])
  }
  for (const signal of SIGNALS) process.once(signal, stop)
  let client: Client | undefined
  const open = () => {
    client ??= connect({
      server,
      say: (sentence) => {
        view.close()
        say(sentence)
      },
    })
    return client
  }
  const job = await watchJob(api, open, begun, (progress) => view.show(progress)).finally(() => {
    view.close()
    return client?.dispose()
  })
  const written = await report?.write(failedItems(api, id))
  const all = await sayFailures(api, job)
  for (const signal of SIGNALS) process.off(signal, stop)
  process.stdout.write(`${summaryOf(job, written)}\n`)
  if (job.status !== 'COMPLETED') return EXIT.stopped
  return all ? EXIT.ok : EXIT.someFailed
}

/** Says the first tickets that were left alone, or not taken back wholly. True when there are none. */
async function sayFailures(api: Api, { id, failed }: Job): Promise<boolean> {
  const first: FailedItem[] = []
  for await (const item of failedItems(api, id, FAILURES_SAID + 1)) if (first.push(item) > FAILURES_SAID) break
  const said = first.slice(0, FAILURES_SAID)
  for (const item of said) say(failureLine(item))
  const unsaid = failed - said.filter(({ outcome }) => outcome !== 'CHANGED').length
  if (first.length > said.length) say(unsaid > 0 ? `… and ${unsaid.toLocaleString('en')} more` : '… and more')
  return first.length === 0
}

function failureLine({ ticket, ticketId, outcome, errors }: FailedItem): string {
  const why = errors.map(({ code, message }) => `${plain(message)} (${code})`).join('; ')
  return `${ticket ? `#${ticket.number}` : ticketId}: ${outcome}${why && ` – ${why}`}`
}

function summaryOf({ id, status, total, done, failed }: Job, written: number | undefined): string {
  const number = (count: number) => count.toLocaleString('en')
  const tickets = (count: number) => `${number(count)} ${count === 1 ? 'ticket' : 'tickets'}`
  const parts = [
    `${tickets(total)}: ${number(done - failed)} done`,
    ...(failed > 0 ? [`${number(failed)} left alone`] : []),
    ...(done < total ? [`${number(total - done)} not tried`] : []),
    ...(written === undefined ? [] : [`${number(written)} in the report`]),
  ]
  return `Bulk update ${id} is ${status}. ${parts.join(', ')}.`
}
