import type { App } from '../../src/app.ts'
import { testDatabase } from '../helpers/database.ts'
import { connectBrand, query, startPerch, tokenFor } from '../helpers/perch.ts'
import { type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'

/** Perch with the simulator's brand, where requesters can sign in; and two people, each with a ticket. */
export interface RequesterWorld {
  readonly x: ValidatedSimulator
  readonly app: App
  readonly ada: Person
  readonly bob: Person
  /** Changes the workspace. */
  settings(input: object): Promise<void>
  close(): Promise<void>
}

export interface Person {
  /** On X. */
  readonly id: string
  readonly username: string
  /** Of the ticket that their post became. */
  readonly number: number
  readonly ticketId: string
}

export async function requesterWorld(env: Record<string, string> = {}): Promise<RequesterWorld> {
  const x = await validatedSimulator()
  const database = await testDatabase()
  await connectBrand(database.url, x.simulator)
  const app = await startPerch({ databaseUrl: database.url, simulatorUrl: x.simulator.url, env })
  const settings = async (input: object) => {
    const text = `mutation ($input: UpdateWorkspaceInput!) { updateWorkspace(input: $input) { userErrors { code } } }`
    const answer = await query<{ updateWorkspace: { userErrors: readonly object[] } }>(
      app.url,
      await tokenFor(app, 'admin'),
      text,
      { input },
    )
    if (answer.updateWorkspace.userErrors.length > 0) throw new Error(JSON.stringify(answer))
  }
  await settings({ requesterPage: true, requesterSignIn: true })
  const person = async (username: string): Promise<Person> => {
    const { id } = x.simulator.createUser({ username, name: username.toUpperCase() })
    x.simulator.createPost({ from: id, text: `@acme it is ${username} with a question` })
    const find = () => app.store.prisma.ticket.findFirst({ where: { requester: { xProfileId: id } } })
    for (let tries = 0; tries < 200; tries++) {
      const ticket = await find()
      if (ticket) return { id, username, number: ticket.number, ticketId: ticket.id }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error('the post did not become a ticket')
  }
  const [ada, bob] = [await person('ada'), await person('bob')]
  return {
    x,
    app,
    ada,
    bob,
    settings,
    async close() {
      await app.close()
      await x.simulator.close()
      await database.drop()
    },
  }
}
