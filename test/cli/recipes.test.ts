import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Deployment, deploy } from './deployment.ts'

const RECIPES = join(import.meta.dirname, '../../docs/recipes')

let perch: Deployment
let folder: string
beforeAll(async () => {
  ;[perch, folder] = await Promise.all([deploy(), mkdtemp(join(tmpdir(), 'perch-recipes-'))])
}, 60_000)
afterAll(async () => {
  await perch?.close()
  await rm(folder, { recursive: true, force: true })
})

async function cook(recipe: string): Promise<string> {
  const env = {
    PATH: process.env['PATH'] ?? '',
    PERCH_GRAPHQL_URL: `${perch.app.url}/graphql`,
    PERCH_TOKEN: perch.token,
  }
  const { stdout } = await promisify(execFile)(process.execPath, [join(RECIPES, recipe)], { cwd: folder, env })
  return stdout
}
const exported = async () =>
  (await readFile(join(folder, 'events.jsonl'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line): { position: string; type: string } => JSON.parse(line))

describe('docs/recipes', () => {
  it('a bulk update, and the log of it', async () => {
    await perch.addTickets(40, ['outage'])
    await perch.addTickets(5, ['other'])
    expect(await cook('bulk-update.mjs')).toMatch(/40 of 40, 0 left alone: COMPLETED\n$/)
    expect(await perch.store.prisma.ticket.count({ where: { status: 'SOLVED', tags: { has: 'resolved' } } })).toBe(40)
    expect(await cook('bulk-update.mjs')).toBe('')

    await cook('export.mjs')
    const first = await exported()
    expect(first.map(({ type }) => type)).toEqual(Array.from({ length: 40 }, () => 'TICKET_UPDATED'))
    await perch.ask(
      'mutation ($ids: [ID!]!) { bulkUpdateTickets(input: { ids: $ids, patch: { addTags: ["late"] } }) { position } }',
      { ids: (await perch.addTickets(3, ['other'])).map((id) => Buffer.from(`Ticket:${id}`).toString('base64')) },
    )
    await expect.poll(() => perch.store.prisma.ticket.count({ where: { tags: { has: 'late' } } })).toBe(3)
    await cook('export.mjs')
    const all = await exported()
    expect(all.slice(0, 40)).toEqual(first)
    expect(new Set(all.map(({ position }) => position)).size).toBe(43)
  })
})
