import type { DeauthorizationCause } from '../domain/event.ts'
import { htmlOf } from './html.ts'
import type { Mail } from './mailer.ts'

/* What administrators (F48, F49) and requesters (F53) are written. Pure. */

type Written = Pick<Mail, 'subject' | 'text' | 'html'>

const WHY: Readonly<Record<DeauthorizationCause, string>> = {
  PASSWORD_CHANGED:
    'X has ended the access that was granted to Perch. That happens when the password of the account is changed.',
  APP_REMOVED: 'The access of Perch was removed in the settings of the account on X.',
  REFUSED: 'X has refused the calls of Perch again and again, also with fresh tokens.',
  INACTIVE: 'There was no traffic for 20 days: no public post that became a ticket, and no message.',
}

/** F49: X no longer lets an account in. */
export function deauthorizedMail(input: {
  readonly screenName: string
  readonly cause: DeauthorizationCause
  readonly at: Date
  /** Where consenting anew begins. */
  readonly link: string
}): Written {
  const paragraphs = [
    `Perch can no longer work for @${input.screenName} on X, since ${moment(input.at)}.`,
    WHY[input.cause],
    'Until the account is authorized anew, its posts and messages do not become tickets, and nothing can be answered from it. Its settings are kept, and what is posted meanwhile is fetched afterwards.',
  ]
  const button = { label: `Authorize @${input.screenName} anew`, href: input.link }
  return {
    subject: `@${input.screenName} must be authorized anew on X`,
    text: plain(
      paragraphs,
      button,
      'You will be asked to sign in to that account on X. The link is good for seven days.',
    ),
    html: htmlOf(
      [...paragraphs, 'You will be asked to sign in to that account on X. The link is good for seven days.'],
      button,
    ),
  }
}

/** F48: an account has been silent for 10, 15 or 19 days. */
export function inactivityMail(input: {
  readonly screenName: string
  readonly days: number
  readonly deauthorizesAt: Date
  readonly link: string
}): Written {
  const paragraphs = [
    `There has been no traffic on @${input.screenName} for ${input.days} days.`,
    `If none comes until ${moment(input.deauthorizesAt)}, Perch gives up its access to the account.`,
    'Traffic is a public post that becomes a ticket or a comment, or a message. Authorizing the account anew counts, too.',
  ]
  const button = { label: `Authorize @${input.screenName} anew`, href: input.link }
  return {
    subject: `@${input.screenName} has had no traffic for ${input.days} days`,
    text: plain(paragraphs, button, 'The link is good for seven days.'),
    html: htmlOf([...paragraphs, 'The link is good for seven days.'], button),
  }
}

/** F53: somebody gave this address as theirs. It names nobody: whoever gave it may not be who reads this. */
export function confirmEmailMail(input: { readonly link: string }): Written {
  const paragraphs = ['Somebody signed in to our support page and gave this e-mail address as theirs.']
  const button = { label: 'Confirm the address', href: input.link }
  const last =
    'If that was not you, do nothing: without the confirmation the address is not used. The link is good for a day.'
  const footer = 'Sent by Perch.'
  return {
    subject: 'Please confirm your e-mail address',
    text: plain(paragraphs, button, last, footer),
    html: htmlOf([...paragraphs, last], button, footer),
  }
}

function plain(
  paragraphs: readonly string[],
  button: { label: string; href: string },
  last: string,
  footer = 'Sent by Perch to all administrators.',
): string {
  return `${[...paragraphs, `${button.label}:\n${button.href}`, last, `-- \n${footer}`].join('\n\n')}\n`
}

const moment = (date: Date): string => `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`

/**
 * Mail programs repeat what they answer: what stands below this is ours again, and no news. It stands above our words, and
 * stays as it is: people answer old mails.
 */
export const ANSWER_ABOVE = '--- Please write your answer above this line ---'

/** F38: an agent's answer to a customer. */
export function answerMail({ subject, body }: { readonly subject: string; readonly body: string }): Written {
  const title = subject.replaceAll(/\s+/g, ' ').trim().slice(0, SUBJECT_LENGTH)
  const paragraphs = [ANSWER_ABOVE, ...body.split(/\n{2,}/)]
  return { subject: `Re: ${title}`, text: `${ANSWER_ABOVE}\n\n${body}\n`, html: htmlOf(paragraphs) }
}

const SUBJECT_LENGTH = 150
