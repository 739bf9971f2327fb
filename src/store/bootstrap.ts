import type { Store } from './store.ts'

/**
 * The people that a new workspace starts with, so that a token can be made before anyone has been added. Their ids are
 * fixed: `npm run token` needs no database.
 */
export const FIRST_USERS = {
  admin: { id: '00000000-0000-7000-8000-000000000001', role: 'ADMIN', name: 'Administrator', email: 'admin@localhost' },
  agent: { id: '00000000-0000-7000-8000-000000000002', role: 'AGENT', name: 'Agent', email: 'agent@localhost' },
} as const

/** Adds the first users where they are missing. Safe from several processes at once. */
export async function addFirstUsers({ prisma }: Store): Promise<void> {
  await prisma.user.createMany({ data: Object.values(FIRST_USERS), skipDuplicates: true })
}
