import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import type {} from './global-setup.ts'

/** A database of one's own: fresh, migrated, real. */
export interface TestDatabase {
  readonly url: string
  /** Ends all its sessions and removes it. */
  drop(): Promise<void>
}

/** A clone of the migrated template. Any number of test files may ask at once. */
export async function testDatabase(): Promise<TestDatabase> {
  return create(`TEMPLATE ${inject('template')}`)
}

/** A database without any tables, for tests of the migrations themselves. */
export async function emptyDatabase(): Promise<TestDatabase> {
  return create('TEMPLATE template0')
}

async function create(options: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`
  await admin(`CREATE DATABASE ${name} ${options}`)
  const url = new URL(inject('adminUrl'))
  url.pathname = `/${name}`
  return { url: url.href, drop: () => admin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) }
}

async function admin(sql: string): Promise<void> {
  const client = new pg.Client(inject('adminUrl'))
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
