/** What can be subscribed to: x-openapi.json CreateActivitySubscriptionRequest, and `oauth.revoke`, which only X's pages name. */
export const EVENT_TYPES = new Set([
  ...['profile.update.bio', 'profile.update.profile_picture', 'profile.update.banner_picture'],
  ...['profile.update.screenname', 'profile.update.geo', 'profile.update.url', 'profile.update.verified_badge'],
  ...['profile.update.affiliate_badge', 'profile.update.handle', 'news.new', 'follow.follow', 'follow.unfollow'],
  ...['spaces.start', 'spaces.end', 'broadcast.start', 'broadcast.end', 'broadcast.chat', 'chat.received', 'chat.sent'],
  ...['chat.conversation.join', 'chat.conversation_join', 'chat.conversation.member_added'],
  ...['chat.conversation.member_removed', 'chat.conversation.admin_added', 'chat.conversation.admin_removed'],
  ...['chat.update.group_name', 'chat.update.restrictions', 'dm.sent', 'dm.received', 'dm.indicate_typing', 'dm.read'],
  ...['post.create', 'post.delete', 'post.mention.create', 'post.reply.create', 'post.quote.create'],
  ...['post.repost.create', 'like.create', 'mute.mute', 'mute.unmute', 'block.block', 'block.unblock', 'oauth.revoke'],
])

/**
 * The scope that the filtered user must have granted the app (docs.x.com "X Activity API", private events).
 * Undefined: public, no consent needed.
 */
export function scopeNeeded(eventType: string): string | undefined {
  if (/^post\.(mention|reply|quote|repost)\./.test(eventType)) return 'tweet.read'
  if (eventType === 'like.create') return 'like.read'
  if (/^(dm|chat)\./.test(eventType)) return 'dm.read'
  if (eventType.startsWith('mute.')) return 'mute.read'
  if (eventType.startsWith('block.')) return 'block.read'
  if (eventType === 'broadcast.chat') return 'broadcast.read'
  return undefined
}
