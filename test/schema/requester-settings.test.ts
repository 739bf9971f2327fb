import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Viewer } from '../../src/schema/context.ts'
import { createWorld, type World } from './world.ts'

/** F50-F52: the workspace's settings of the requester's page and of links to tickets. */

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

const SETTINGS = 'requesterPage requesterSignIn ticketLinks ticketLinkForm'
async function update(input: object, who: Viewer = world.admin) {
  const text = `mutation ($input: UpdateWorkspaceInput!) { updateWorkspace(input: $input) {
    workspace { ${SETTINGS} } warnings { code } userErrors { code field } } }`
  const { data, errors } = await world.ask<{ updateWorkspace: object }>(who, text, { input })
  return data?.updateWorkspace ?? errors
}

const OFF = { requesterPage: false, requesterSignIn: false, ticketLinks: null, ticketLinkForm: null }
const ON = { requesterPage: true, requesterSignIn: true, ticketLinks: 'ALWAYS', ticketLinkForm: 'SHORT' }

it('the settings begin off, need what they stand on, and fall with it', async () => {
  expect(await update({})).toEqual({ workspace: OFF, warnings: [], userErrors: [] })
  expect(await update({ ticketLinks: 'AGENT_DECIDES', requesterSignIn: true })).toEqual({
    workspace: OFF,
    warnings: [],
    userErrors: [{ code: 'SIGN_IN_NEEDS_REQUESTER_PAGE', field: ['requesterSignIn'] }],
  })
  // F52: always, and short, unless somebody says otherwise.
  expect(await update({ requesterPage: true, requesterSignIn: true })).toMatchObject({ workspace: ON })
  expect(await update({ ticketLinks: 'AGENT_DECIDES' })).toMatchObject({ workspace: { ticketLinks: 'AGENT_DECIDES' } })
  expect(await update({ requesterPage: false })).toEqual({
    workspace: OFF,
    warnings: [{ code: 'REQUESTER_SIGN_IN_OFF' }, { code: 'TICKET_LINKS_OFF' }],
    userErrors: [],
  })
  // The choice was kept.
  expect(await update({ requesterPage: true, requesterSignIn: true })).toMatchObject({
    workspace: { ...ON, ticketLinks: 'AGENT_DECIDES' },
  })
  expect(await update({ requesterPage: false }, world.agent)).toEqual([expect.stringContaining('administrators')])
})
