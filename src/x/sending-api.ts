import type { TwitterApi } from 'twitter-api-v2'
import { z } from 'zod'
import type { XSending, XWritten } from './client.ts'
import { XError } from './errors.ts'
import { answerOf } from './rate-limit.ts'

/* What makes something at X (x-openapi.json). Generic calls: twitter-api-v2's own would add what we do not know of. */

interface Parts {
  readonly asUser: (accessToken: string) => TwitterApi
  /** Measures the call and gives its failure as an XError. */
  readonly call: <T>(endpoint: string, work: () => Promise<T>) => Promise<T>
  readonly timeoutMs: number
}

const id = z.string().regex(/^[0-9]{1,19}$/)
const madePost = z.object({ data: z.object({ id }) })
const madeChat = z.object({ data: z.object({}) })
const madeMessage = z.object({ data: z.object({ dm_event_id: id }) })

/** What XSending promises. */
export function createSendingApi({ asUser, call, timeoutMs: timeout }: Parts): XSending {
  async function make(endpoint: string, path: string, body: Record<string, unknown>, accessToken: string) {
    const options = { fullResponse: true, timeout } as const
    return answerOf(await call(endpoint, () => asUser(accessToken).v2.post<unknown>(path, body, options)))
  }

  return {
    async post({ text, inReplyToPostId, accessToken }) {
      const endpoint = 'POST /2/tweets'
      const body = { text, reply: { in_reply_to_tweet_id: inReplyToPostId } }
      const answer = await make(endpoint, 'tweets', body, accessToken)
      return written(answer, madePost.safeParse(answer.body).data?.data.id, endpoint)
    },
    async directMessage({ text, participantId, accessToken }) {
      const endpoint = 'POST /2/dm_conversations/with/:participant_id/messages'
      const answer = await make(endpoint, `dm_conversations/with/${participantId}/messages`, { text }, accessToken)
      return written(answer, madeMessage.safeParse(answer.body).data?.data.dm_event_id, endpoint)
    },
    async chatMessage(conversationId, message, accessToken) {
      const endpoint = 'POST /2/chat/conversations/:id/messages'
      const body = {
        message_id: message.messageId,
        encoded_message_create_event: message.encodedMessageCreateEvent,
        encoded_message_event_signature: message.encodedMessageEventSignature,
      }
      const answer = await make(endpoint, `chat/conversations/${conversationId}/messages`, body, accessToken)
      // Its id is ours; that it was made, X says by any answer of its own, and a page of some gateway does not.
      if (!madeChat.safeParse(answer.body).success) throw notUnderstood(endpoint)
      return answer
    },
  }
}

/** X took it, but what it said is not to be understood: nobody knows what it is called. */
function written(answer: Omit<XWritten, 'value'>, made: string | undefined, endpoint: string): XWritten {
  if (made === undefined) throw notUnderstood(endpoint)
  return { ...answer, value: { id: made } }
}

const notUnderstood = (endpoint: string) =>
  new XError('UNAVAILABLE', `${endpoint}: not an answer of X`, { uncertain: true })
