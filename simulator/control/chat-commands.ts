import type { z } from 'zod'
import type { Simulation } from '../core/simulation.ts'
import { CommandError, userOf } from './commands.ts'
import type * as inputs from './inputs.ts'

/* Commands about XChat: people who hold keys, set PINs and write. */

type Input<Shape extends z.ZodType> = z.input<Shape>

/** A message as its participants read it. */
export interface ReadMessage {
  readonly id: string
  readonly conversationId: string
  readonly from: string
  /** Undefined when the reader cannot. */
  readonly text: string | undefined
}

/** New keys under a PIN; whoever had keys has new ones now (KEYS_REPLACED). Gives their version. */
export async function setUpXChat(simulation: Simulation, input: Input<typeof inputs.pinInput>) {
  const { id } = userOf(simulation, input.user)
  return { version: await trying(() => simulation.xchat.people.setUp(id, input.pin)) }
}

/** The same keys under another PIN. */
export async function changeXChatPin(simulation: Simulation, input: Input<typeof inputs.pinInput>): Promise<void> {
  const { id } = userOf(simulation, input.user)
  await trying(() => simulation.xchat.people.changePin(id, input.pin))
}

/** Encrypts, signs and sends; the sender gets keys if they have none. */
export async function sendChatMessage(
  simulation: Simulation,
  input: Input<typeof inputs.chatMessageInput>,
): Promise<{ id: string; conversationId: string }> {
  const { people, server } = simulation.xchat
  const from = userOf(simulation, input.from).id
  const known = input.conversationId === undefined ? undefined : server.find(from, input.conversationId)
  if (input.conversationId !== undefined && !known) {
    throw new CommandError(404, `there is no conversation ${input.conversationId}`)
  }
  if (!known && input.to === undefined) throw new CommandError(400, 'say to whom, or in which conversation')
  const event = await trying(() =>
    known ? people.sendTo(from, known, input) : people.send(from, userOf(simulation, input.to ?? '').id, input),
  )
  return { id: event.id, conversationId: event.conversationId }
}

export async function createChatGroup(
  simulation: Simulation,
  input: Input<typeof inputs.groupInput>,
): Promise<{ conversationId: string }> {
  const members = input.members.map((member) => userOf(simulation, member).id)
  const from = userOf(simulation, input.from).id
  const { id } = await trying(() => simulation.xchat.people.createGroup(from, members, input.name))
  return { conversationId: id }
}

/** What somebody reads on their own device, conversation by conversation, the oldest first. */
export function chatMessages(simulation: Simulation, input: Input<typeof inputs.userRef>): ReadMessage[] {
  const { id: userId } = userOf(simulation, input.user)
  const { server, people } = simulation.xchat
  return server.of(userId).flatMap((conversation) => {
    const texts = people.read(userId, conversation)
    return conversation.events.map(({ id, conversationId, senderId }, index) => ({
      id,
      conversationId,
      from: senderId,
      text: texts[index],
    }))
  })
}

/** What a realm does wrong from now on; null mends it. */
export function setRealmFault(simulation: Simulation, input: Input<typeof inputs.realmFaultInput>): Promise<void> {
  return simulation.xchat.backup.setFault(input.realm, input.fault)
}

/** As after 20 wrong PINs: only a new set-up helps. */
export function exhaustXChat(simulation: Simulation, input: Input<typeof inputs.userRef>): Promise<void> {
  return simulation.xchat.backup.exhaust(userOf(simulation, input.user).id)
}

/** Wrong PINs since the last right one, at each realm. */
export function xchatGuesses(
  simulation: Simulation,
  input: Input<typeof inputs.userRef>,
): Promise<readonly { used: number; max: number }[]> {
  return simulation.xchat.backup.guesses(userOf(simulation, input.user).id)
}

async function trying<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof CommandError) throw error
    throw new CommandError(400, error instanceof Error ? error.message : 'not possible')
  }
}
