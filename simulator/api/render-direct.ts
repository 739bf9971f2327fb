import type { AuthorizedCall } from '../http/router.ts'
import type { DirectEvent } from '../world/model.ts'
import { entitiesOf } from '../world/text.ts'
import type { Selection } from './parameters.ts'
import { chosen, type Json, renderPost, seconds } from './render.ts'
import { type Rendered, renderUsers } from './render-posts.ts'
import { canSee } from './visibility.ts'

/**
 * Events of direct messages as X's JSON. A message never carries participant_ids, whatever is asked for; only people
 * who come and go do (docs.x.com "Direct Messages lookup", integration guide).
 */
function renderEvent(event: DirectEvent, selection: Selection): Json {
  const { kind, media, sharedPostId } = event
  const fields = new Set(selection.direct)
  if (selection.expansions.has('sender_id')) fields.add('sender_id')
  if (selection.expansions.has('attachments.media_keys')) fields.add('attachments')
  if (selection.expansions.has('referenced_tweets.id')) fields.add('referenced_tweets')
  const all = {
    attachments: media && { media_keys: [media.key] },
    created_at: seconds(event.at),
    dm_conversation_id: event.conversation.id,
    entities: entitiesOf(event.text, []),
    referenced_tweets: sharedPostId === undefined ? undefined : [{ id: sharedPostId }],
    sender_id: event.senderId,
  }
  const body = kind === 'MessageCreate' ? { text: event.text } : { participant_ids: event.participantIds }
  return { id: event.id, event_type: kind, ...body, ...chosen(all, fields) }
}

/** `data`, `includes` and `errors` of a page. */
export function renderDirectEvents(
  call: AuthorizedCall,
  events: readonly DirectEvent[],
  selection: Selection,
): Rendered {
  const { expansions } = selection
  const { world } = call.simulation
  const userIds = new Map<string, string>()
  for (const { senderId, participantIds } of events) {
    if (expansions.has('sender_id') && senderId !== undefined) userIds.set(senderId, 'sender_id')
    if (expansions.has('participant_ids')) for (const id of participantIds) userIds.set(id, 'participant_ids')
  }
  const { users, errors } = renderUsers(call, userIds, selection)
  const media = expansions.has('attachments.media_keys') ? events.flatMap((event) => event.media ?? []) : []
  const postIds = expansions.has('referenced_tweets.id') ? events.flatMap(({ sharedPostId }) => sharedPostId ?? []) : []
  const posts = [...new Set(postIds)]
    .flatMap((id) => world.posts.get(id) ?? [])
    .filter((p) => canSee(world, call.caller, p))
  const includes = {
    ...(users.length > 0 && { users }),
    ...(media.length > 0 && { media: media.map(({ key, type }) => ({ media_key: key, type })) }),
    ...(posts.length > 0 && { tweets: posts.map((post) => renderPost(post, selection.tweet)) }),
  }
  return {
    data: events.map((event) => renderEvent(event, selection)),
    includes: Object.keys(includes).length > 0 ? includes : undefined,
    errors,
  }
}
