/** A number that Perch tells of itself, such as `feed_readers` or `websockets`. */
export async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(new RegExp(`^perch_${name} (\\d+)`, 'm').exec(text)?.[1] ?? 0)
}

/** Posts and messages that a process has committed, by whatever source. */
export async function ingestedBy(url: string): Promise<number> {
  const text = await fetch(`${url}/metrics`).then(
    (answer) => answer.text(),
    () => '',
  )
  const counts = [...text.matchAll(/^perch_ingestion_seconds_count\{[^}]*\} (\d+)/gm)]
  return counts.reduce((sum, [, count]) => sum + Number(count), 0)
}
