import type { z } from 'zod'
import type { Simulation } from '../core/simulation.ts'
import type { Reply } from '../http/problems.ts'
import type { Call, OpenRoute } from '../http/router.ts'
import { burst } from './burst.ts'
import * as chat from './chat-commands.ts'
import * as commands from './commands.ts'
import * as direct from './direct-commands.ts'
import * as inputs from './inputs.ts'

const reply = (body: unknown): Reply => ({ status: 200, body: body ?? { ok: true } })

/** A POST that carries its input as JSON. */
function command<Shape extends z.ZodType>(
  path: string,
  shape: Shape,
  run: (simulation: Simulation, input: z.output<Shape>) => unknown,
): OpenRoute {
  return {
    method: 'POST',
    path: `/control/${path}`,
    open: async ({ body, simulation }) => {
      const parsed = shape.safeParse(body ?? {})
      if (!parsed.success) {
        const issues = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`)
        return { status: 400, body: { error: issues.join('; ') } }
      }
      return guarded(() => run(simulation, parsed.data))
    },
  }
}

function open(method: string, path: string, run: (call: Call) => unknown): OpenRoute {
  return { method, path: `/control/${path}`, open: (call) => guarded(() => run(call)) }
}

async function guarded(run: () => unknown): Promise<Reply> {
  try {
    return reply(await run())
  } catch (error) {
    if (error instanceof commands.CommandError) return { status: error.status, body: { error: error.message } }
    throw error
  }
}

/** The control API: see simulator/README.md. `reset` puts a fresh world in the place of this one. */
export const controlRoutes = (reset: () => Promise<void>): readonly OpenRoute[] => [
  open('GET', 'state', ({ simulation }) => commands.state(simulation)),
  open('GET', 'users', ({ simulation }) => commands.users(simulation)),
  open('GET', 'posts', ({ simulation }) => commands.posts(simulation)),
  open('GET', 'received', ({ simulation }) => commands.received(simulation)),
  open('DELETE', 'posts/:id', ({ simulation, params }) => commands.deletePost(simulation, params['id'] ?? '')),
  open('DELETE', 'faults', ({ simulation }) => commands.clearFaults(simulation)),
  command('reset', inputs.nothing, reset),
  command('users', inputs.userInput, commands.createUser),
  command('posts', inputs.postInput, commands.createPost),
  command('posts/edit', inputs.editInput, commands.editPost),
  command('reposts', inputs.likeInput, commands.repost),
  command('burst', inputs.burstInput, burst),
  command('likes', inputs.likeInput, commands.like),
  command('unlikes', inputs.likeInput, commands.unlike),
  command('follows', inputs.followInput, commands.follow),
  command('unfollows', inputs.followInput, commands.unfollow),
  command('direct-messages', inputs.messageInput, direct.sendDirectMessage),
  command('direct-messages/read', inputs.userRef, direct.directMessages),
  command('direct-messages/refuse', inputs.refuseMessagesInput, direct.refuseMessages),
  command('direct-messages/groups', inputs.directGroupInput, direct.createDirectGroup),
  command('direct-messages/join', inputs.directMemberInput, direct.joinDirectGroup),
  command('direct-messages/leave', inputs.directMemberInput, direct.leaveDirectGroup),
  command('apps', inputs.appInput, commands.registerApp),
  command('authorize', inputs.authorizeInput, commands.authorize),
  command('tokens', inputs.tokensInput, commands.issueTokens),
  command('revoke', inputs.revokeInput, commands.revoke),
  command('password', inputs.userRef, commands.changePassword),
  command('suspend', inputs.suspendInput, commands.suspend),
  command('blocks', inputs.blockInput, commands.block),
  command('xchat/set-up', inputs.pinInput, chat.setUpXChat),
  command('xchat/pin', inputs.pinInput, chat.changeXChatPin),
  command('xchat/messages', inputs.chatMessageInput, chat.sendChatMessage),
  command('xchat/groups', inputs.groupInput, chat.createChatGroup),
  command('xchat/read', inputs.userRef, chat.chatMessages),
  command('xchat/exhaust', inputs.userRef, chat.exhaustXChat),
  command('xchat/guesses', inputs.userRef, chat.xchatGuesses),
  command('realms/fault', inputs.realmFaultInput, chat.setRealmFault),
  command('faults', inputs.faultInput, commands.addFault),
  command('streams/drop', inputs.dropInput, commands.dropStreams),
  command('streams/replay', inputs.replayInput, commands.replayStreams),
  command('streams/mode', inputs.streamModeInput, commands.setStreamMode),
  command('rate-limits', inputs.rateLimitInput, commands.setRateLimit),
  command('policy', inputs.policyInput, commands.setPolicy),
  command('traffic', inputs.trafficInput, commands.setTraffic),
]
