import type { XClient } from '../../src/x/client.ts'

const never = () => Promise.reject(new Error('X was not to be asked for this'))

/** An X that refuses whatever a test has not scripted; tests spread what they need over it. */
export const SILENT_X: XClient = {
  oauth: {
    authorization: () => ({ url: '', state: '', codeVerifier: '' }),
    exchange: never,
    refresh: never,
    revoke: never,
  },
  activity: {
    subscriptions: never,
    subscribe: never,
    redirect: never,
    unsubscribe: never,
    stream: never,
  },
  webhooks: { list: never, register: never, validate: never, remove: never },
  chat: { publicKeys: never, conversations: never, events: never },
  send: { post: never, directMessage: never, chatMessage: never },
  me: never,
  userPosts: never,
  dmConversation: never,
  mentions: never,
  searchRecent: never,
  likedPosts: never,
  directMessages: never,
  posts: never,
  close: () => {},
}
