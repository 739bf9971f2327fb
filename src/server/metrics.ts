import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** What the running program reports about itself; app.ts hands the functions to the parts, which know no Prometheus. */
export interface Metrics {
  /** Events that this process committed to the log. */
  eventsAppended(count: number): void
  /** A job came to its end. */
  job(name: string, outcome: 'done' | 'failed', seconds: number): void
  /** A call to X was answered; `status` is the HTTP status, or `error` when there was none. `endpoint` must be a template (`/2/users/:id/mentions`). */
  xCall(endpoint: string, status: number | 'error'): void
  /** A post was taken in, `lagSeconds` after it was made. */
  ingested(source: string, lagSeconds: number): void
  httpRequest(door: string, status: number, seconds: number): void
  operation(name: string | undefined, type: string, outcome: 'ok' | 'errors', seconds: number): void
  /** Admission refused something at a door. */
  refused(door: string, code: string): void
  /** A connection was ended because its client did not keep up. */
  slowConsumer(door: string): void
  /** Milliseconds since a query or mutation was answered here last; Infinity before the first. */
  idleMs(): number
  /** Values read whenever the metrics are asked for. */
  observe(name: ObservedName, read: () => number): void
  /** The Prometheus text format, and its content type. */
  text(): Promise<string>
  readonly contentType: string
}

const OBSERVED = {
  feed_position: 'End of the event log as this process knows it (offset).',
  feed_readers: 'Readers of the live feed under way.',
  subscriptions: 'GraphQL subscriptions under way.',
  websockets: 'WebSockets open.',
  jobs_waiting: 'Jobs that are due and not yet taken.',
  ingestion_lag_seconds: 'How far the account that is furthest behind may be behind X.',
} as const
export type ObservedName = keyof typeof OBSERVED

const FAST = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
const SLOW = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600]
/** Clients choose operation names; beyond so many they share one label, or a client could fill the memory. */
const MOST_NAMES = 100

/** A registry of its own, so that two servers in one process (as in tests) do not mix. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })

  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> =>
    new Counter({ name: `perch_${name}`, help, labelNames, registers })
  const histogram = <L extends string>(name: string, help: string, labelNames: readonly L[], buckets: number[]) =>
    new Histogram({ name: `perch_${name}`, help, labelNames, buckets, registers })

  const events = counter('events_appended_total', 'Events committed to the log by this process.')
  const jobs = histogram('job_duration_seconds', 'Jobs that ended, by name and outcome.', ['name', 'outcome'], SLOW)
  const xCalls = counter('x_calls_total', 'Calls to X, by endpoint and status.', ['endpoint', 'status'])
  const lag = histogram('ingestion_seconds', 'From the making of a post to its ticket, by source.', ['source'], SLOW)
  const http = histogram('http_request_duration_seconds', 'HTTP requests, by door.', ['door', 'status'], FAST)
  const operations = counter('operations_total', 'GraphQL operations that ended.', ['name', 'type', 'outcome'])
  const durations = histogram('operation_duration_seconds', 'Queries and mutations.', ['type'], FAST)
  const refusals = counter('refused_total', 'Operations refused by admission.', ['door', 'code'])
  const slow = counter('slow_consumers_total', 'Connections ended because their client did not keep up.', ['door'])
  const label = createLabels(MOST_NAMES)
  let answered = Number.NEGATIVE_INFINITY

  return {
    eventsAppended: (count) => events.inc(count),
    job: (name, outcome, seconds) => jobs.observe({ name, outcome }, seconds),
    xCall: (endpoint, status) => xCalls.inc({ endpoint, status: String(status) }),
    ingested: (source, lagSeconds) => lag.observe({ source }, Math.max(lagSeconds, 0)),
    httpRequest: (door, status, seconds) => http.observe({ door, status: String(status) }, seconds),
    operation(name, type, outcome, seconds) {
      operations.inc({ name: label(name), type, outcome })
      if (type === 'subscription') return
      durations.observe({ type }, seconds)
      answered = performance.now()
    },
    refused: (door, code) => refusals.inc({ door, code }),
    slowConsumer: (door) => slow.inc({ door }),
    idleMs: () => performance.now() - answered,
    observe(name, read) {
      registry.removeSingleMetric(`perch_${name}`)
      const collect = function (this: Gauge): void {
        try {
          this.set(read())
        } catch {
          // One value that cannot be read must not hide the others.
          this.set(Number.NaN)
        }
      }
      new Gauge({ name: `perch_${name}`, help: OBSERVED[name], collect, registers })
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}

/** Bounded labels: the first `most` names get their own, later ones `other`. */
function createLabels(most: number): (name: string | undefined) => string {
  const known = new Set<string>()
  return (name) => {
    if (name === undefined) return 'anonymous'
    const short = name.slice(0, 64)
    if (!known.has(short) && known.size >= most) return 'other'
    known.add(short)
    return short
  }
}
