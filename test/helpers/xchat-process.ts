import { createXChat } from '../../src/x/xchat/create-xchat.ts'

/* A process that opens keys and forgets about them: its end is to be its own. */

const secretKey = Buffer.alloc(64, 1).toString('base64url')
await createXChat().open({ xUserId: '1', secretKey, keyVersion: '1' })
process.stdout.write(`${JSON.stringify({ opened: true })}\n`)
