import { createConfirmTokens, type EmailToken } from '../requesters/confirm-tokens.ts'
import type { Secrets } from '../secret.ts'

/** The link of the mail that asks whether an address is somebody's. Behind `#`, where no server and no log sees it. */
export function confirmationLink(secrets: Secrets, publicUrl: () => string): (token: EmailToken) => Promise<string> {
  const tokens = createConfirmTokens([secrets.current, ...secrets.previous])
  return async (token) => `${publicUrl()}/requester/confirm-email#${await tokens.sign(token)}`
}
