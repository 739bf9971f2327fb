/** A number that Perch tells of itself, such as `feed_readers` or `websockets`. */
export async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(new RegExp(`^perch_${name} (\\d+)`, 'm').exec(text)?.[1] ?? 0)
}
