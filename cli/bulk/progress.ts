import { Presets, SingleBar } from 'cli-progress'
import { isOver, type Progress } from './jobs.ts'

/** Shows how far a bulk update is. */
export interface ProgressView {
  show(progress: Progress): void
  /** Takes the bar away, so that lines can be written. */
  close(): void
}

const LINES_APART_MS = 1_000
const SILENCE_MS = 10_000

/** A bar on a terminal, lines elsewhere; both on standard error, for standard output is for the result. */
export function progressView(stream: NodeJS.WriteStream): ProgressView {
  return stream.isTTY ? bar(stream) : lines(stream)
}

function bar(stream: NodeJS.WriteStream): ProgressView {
  const shown = new SingleBar(
    {
      stream,
      format: '{bar} {percentage} %  {value} of {total}{failed}  {rate}{left}',
      formatValue: (value, _options, type) =>
        type === 'percentage' ? String(value).padStart(3) : Number(value).toLocaleString('en'),
      barsize: 24,
      hideCursor: true,
      clearOnComplete: false,
      emptyOnZero: false,
    },
    Presets.shades_classic,
  )
  let started = false
  return {
    show(progress) {
      const words = wordsOf(progress)
      if (started) {
        shown.setTotal(progress.total)
        shown.update(progress.done, words)
      } else shown.start(progress.total, progress.done, words)
      started = true
    },
    close() {
      if (started) shown.stop()
      started = false
    },
  }
}

/** A line for each tenth, or when nothing was said for ten seconds; never more than one a second. */
function lines(stream: NodeJS.WriteStream): ProgressView {
  let tenth = -1
  let at = Number.NEGATIVE_INFINITY
  return {
    show(progress) {
      const { total, done } = progress
      const now = performance.now()
      const reached = total === 0 ? 10 : Math.floor((10 * done) / total)
      const due = reached > tenth || now - at > SILENCE_MS
      if (!isOver(progress) && (!due || now - at < LINES_APART_MS)) return
      tenth = reached
      at = now
      const { failed, rate, left } = wordsOf(progress)
      const percent = total === 0 ? 100 : Math.floor((100 * done) / total)
      stream.write(
        `${done.toLocaleString('en')} of ${total.toLocaleString('en')} (${percent} %)${failed}  ${rate}${left}`.trimEnd(),
      )
      stream.write('\n')
    },
    close() {},
  }
}

const wordsOf = ({ failed, ratePerSecond, etaSeconds, status }: Progress) => ({
  failed: failed > 0 ? `, ${failed.toLocaleString('en')} left alone` : '',
  rate:
    ratePerSecond === null
      ? ''
      : `${ratePerSecond < 10 ? ratePerSecond.toFixed(1) : Math.round(ratePerSecond).toLocaleString('en')}/s`,
  left: etaSeconds === null || (status !== 'QUEUED' && status !== 'WORKING') ? '' : `, ${durationOf(etaSeconds)} left`,
})

function durationOf(seconds: number): string {
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
