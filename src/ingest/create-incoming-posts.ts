import { type ConversionServices, convertPosts } from './convert.ts'
import { dismissPosts } from './dismiss.ts'
import type { IncomingPosts } from './incoming-posts.ts'

export function createIncomingPosts(services: ConversionServices): IncomingPosts {
  return {
    convert: (userId, posts) => convertPosts(services, userId, posts),
    dismiss: (userId, postIds) => dismissPosts(services.store, userId, postIds),
  }
}
