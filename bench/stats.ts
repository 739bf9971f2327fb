/** The middle value; of an even number of values, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** The value below which `q` (0 to 1) of the values lie, interpolated. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  if (sorted.length === 0) return Number.NaN
  const place = (sorted.length - 1) * q
  const low = sorted[Math.floor(place)] as number
  const high = sorted[Math.ceil(place)] as number
  return low + (high - low) * (place - Math.floor(place))
}

/** Runs every contender once a round, in turn, so that a noisy minute touches all alike. Medians by name. */
export async function interleaved(
  rounds: number,
  contenders: Readonly<Record<string, () => Promise<number>>>,
  onStep: (name: string, round: number, value: number) => void = () => {},
): Promise<Map<string, number>> {
  const values = new Map<string, number[]>(Object.keys(contenders).map((name) => [name, []]))
  for (let round = 1; round <= rounds; round++) {
    for (const [name, run] of Object.entries(contenders)) {
      const value = await run()
      values.get(name)?.push(value)
      onStep(name, round, value)
    }
  }
  return new Map([...values].map(([name, list]) => [name, median(list)]))
}

/** A Markdown table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Resolves after `ms` milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Does `work` with one item after the other; gives how many of what they hold `each` were done in a second. */
export async function perSecond<T>(
  items: readonly T[],
  each: number,
  work: (item: T) => Promise<unknown>,
): Promise<number> {
  const started = performance.now()
  for (const item of items) await work(item)
  return (items.length * each) / ((performance.now() - started) / 1000)
}
