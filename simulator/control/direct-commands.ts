import type { z } from 'zod'
import type { Simulation } from '../core/simulation.ts'
import type { DirectConversation } from '../world/model.ts'
import { CommandError, postOf, userOf } from './commands.ts'
import type * as inputs from './inputs.ts'

/* Commands about classic direct messages. */

type Input<Shape extends z.ZodType> = z.input<Shape>

/** A message to one person, who has no say in it, or to a group that the sender is in. */
export function sendDirectMessage(
  simulation: Simulation,
  input: Input<typeof inputs.messageInput>,
): { id: string; conversationId: string } {
  const { directMessages } = simulation.world
  const { text = '', attachment, postId } = input
  const from = userOf(simulation, input.from).id
  const known = input.conversationId === undefined ? undefined : directMessages.find(from, input.conversationId)
  if (input.conversationId !== undefined && !known) {
    throw new CommandError(404, `there is no conversation ${input.conversationId}`)
  }
  if (!known && input.to === undefined) throw new CommandError(400, 'say to whom, or in which conversation')
  if (text === '' && !attachment && postId === undefined) throw new CommandError(400, 'text: is empty')
  const conversation = known ?? directMessages.between(from, userOf(simulation, input.to ?? '').id)
  const sharedPostId = postId === undefined ? undefined : postOf(simulation, postId).id
  const event = directMessages.send(from, conversation, { text, media: attachment, sharedPostId })
  return { id: event.id, conversationId: conversation.id }
}

/** What somebody reads in their conversations, the oldest first. */
export function directMessages(
  simulation: Simulation,
  input: Input<typeof inputs.userRef>,
): { id: string; conversationId: string; from: string; text: string }[] {
  const events = simulation.world.directMessages.of(userOf(simulation, input.user).id).toReversed()
  return events.flatMap(({ id, kind, conversation, senderId, text }) =>
    kind === 'MessageCreate' ? [{ id, conversationId: conversation.id, from: senderId ?? '', text }] : [],
  )
}

/** Somebody takes no messages, by their settings, from whoever they do not follow; or takes them again. */
export function refuseMessages(simulation: Simulation, input: Input<typeof inputs.refuseMessagesInput>): void {
  userOf(simulation, input.user).refusesMessages = input.refused
}

/** A group of classic direct messages. */
export function createDirectGroup(
  simulation: Simulation,
  input: Input<typeof inputs.directGroupInput>,
): { conversationId: string } {
  const from = userOf(simulation, input.from).id
  const members = input.members.map((member) => userOf(simulation, member).id)
  return { conversationId: simulation.world.directMessages.createGroup(from, members).id }
}

/** Somebody is invited into a group, by whoever is in it the longest. */
export function joinDirectGroup(simulation: Simulation, input: Input<typeof inputs.directMemberInput>): void {
  simulation.world.directMessages.join(groupOf(simulation, input.conversationId), userOf(simulation, input.user).id)
}

export function leaveDirectGroup(simulation: Simulation, input: Input<typeof inputs.directMemberInput>): void {
  simulation.world.directMessages.leave(groupOf(simulation, input.conversationId), userOf(simulation, input.user).id)
}

function groupOf({ world }: Simulation, id: string): DirectConversation {
  const group = world.directMessages.group(id)
  if (!group) throw new CommandError(404, `there is no group ${id}`)
  return group
}
