/* What the page shows: the list, a ticket, the profile, and how to sign in. */

import { ask, isSignedOut } from './api.js'
import { announce, element, field, show, time } from './dom.js'

/** What a status means for whoever waits. On hold is the team's own business. */
const STATUS = {
  NEW: ['Open', ''],
  OPEN: ['Open', ''],
  HOLD: ['Open', ''],
  PENDING: ['Waits for your answer', 'waits'],
  SOLVED: ['Solved', 'done'],
  CLOSED: ['Closed', 'done'],
}

function status(value) {
  const [words, kind] = STATUS[value] ?? [value, '']
  return element('span', { class: `status ${kind}` }, words)
}

/** What stands behind this is kept over a sign-in, so that nothing that was written is lost. */
const drafts = {
  keyOf: (number) => `draft ${number}`,
  get: (number) => sessionStorage.getItem(drafts.keyOf(number)) ?? '',
  set: (number, text) =>
    text === '' ? sessionStorage.removeItem(drafts.keyOf(number)) : sessionStorage.setItem(drafts.keyOf(number), text),
}

/** @param {string} [why] */
export function showSignIn(why) {
  const link = `/requester/sign-in?return=${encodeURIComponent(location.pathname)}`
  show(
    'Sign in',
    element('h1', {}, 'Sign in to see your tickets'),
    why && element('p', { class: 'notice' }, why),
    element(
      'p',
      {},
      'Your tickets belong to your account on X. X will ask whether we may learn who you are. We post nothing, read no messages, and keep no access.',
    ),
    element('p', {}, element('a', { class: 'button', href: link }, 'Sign in with X')),
  )
}

export function showFailure(error, again) {
  show(
    'Something went wrong',
    element('h1', {}, 'Something went wrong'),
    element('p', { class: 'notice wrong', role: 'alert' }, error.message),
    element('button', { class: 'button', type: 'button', onclick: again }, 'Try again'),
  )
}

export function showNothing() {
  show(
    'No such ticket',
    element('h1', {}, 'No such ticket'),
    element(
      'p',
      {},
      'There is no ticket of yours at this address. If you have several accounts on X, it may belong to another.',
    ),
    element('p', {}, element('a', { href: '/requester/' }, 'All your tickets')),
  )
}

const LIST = `query ($after: String) {
  tickets(first: 20, after: $after, orderBy: { field: UPDATED_AT, direction: DESC }) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes { number subject status updatedAt account { name screenName } } } }`

/** Shows the newest tickets. Gives how to show what became of them since. */
export async function showList() {
  const list = element('ul', { class: 'list' })
  const none = element(
    'p',
    { class: 'card' },
    'You have no tickets. When you write to us on X, what becomes of it will stand here.',
  )
  const more = element('button', { class: 'button plain more', type: 'button' }, 'Show more')
  async function read(after) {
    const { tickets } = await ask(LIST, { after })
    more.hidden = !tickets.pageInfo.hasNextPage
    more.onclick = () => addPage(tickets.pageInfo.endCursor).catch(({ message }) => announce(message))
    none.hidden = tickets.totalCount > 0
    return tickets.nodes.map(listed)
  }
  const addPage = async (after) => list.append(...(await read(after)))
  const refresh = async () => list.replaceChildren(...(await read()))
  await refresh()
  show('Your tickets', element('h1', {}, 'Your tickets'), none, list, more)
  return refresh
}

function listed({ number, subject, status: value, updatedAt, account }) {
  return element(
    'li',
    {},
    element(
      'a',
      { class: 'card ticket', href: `/requester/tickets/${number}` },
      element('span', { class: 'subject' }, subject),
      status(value),
      element('span', { class: 'quiet' }, `#${number} · ${account.name} · `, time(updatedAt)),
    ),
  )
}

const TICKET = `query ($number: Int!, $after: String) { viewer { id } ticket(number: $number) {
  id number subject status createdAt account { name screenName } followUpOf { number }
  comments(first: 100, after: $after) { pageInfo { hasNextPage endCursor }
    nodes { id body direction channel postedAt editedAt deletedAt author { id name } } } } }`

/** The ticket with all that was said on it; null when it is not there, or somebody else's. */
async function readTicket(number) {
  let ticket = null
  for (let after; ; ) {
    const { viewer, ticket: page } = await ask(TICKET, { number, after })
    if (!page) return null
    ticket = { ...page, me: viewer.id, said: [...(ticket?.said ?? []), ...page.comments.nodes] }
    if (!page.comments.pageInfo.hasNextPage) return ticket
    after = page.comments.pageInfo.endCursor
  }
}

/** Shows a ticket. Gives how to show what happened to it since, without touching what is being written. */
export async function showTicket(number, { go, leave }) {
  let ticket = await readTicket(number)
  if (!ticket) {
    showNothing()
    return async () => {}
  }
  const heading = element('h1', {})
  const facts = element('p', { class: 'facts' })
  const said = element('ol', { class: 'list' })
  const form = commentForm(
    () => ticket,
    async (commented) => (commented === number ? refresh() : go(`/requester/tickets/${commented}`)),
    leave,
  )
  function fill() {
    heading.textContent = ticket.subject
    const from = ticket.followUpOf
    facts.replaceChildren(
      status(ticket.status),
      element('span', {}, `#${ticket.number}`),
      element('span', {}, `${ticket.account.name} (@${ticket.account.screenName})`),
      time(ticket.createdAt),
      ...(from ? [element('a', { href: `/requester/tickets/${from.number}` }, `continues #${from.number}`)] : []),
    )
    said.replaceChildren(...ticket.said.map((comment) => element('li', {}, spoken(comment, ticket))))
    form.heed(ticket)
  }
  async function refresh() {
    const fresh = await readTicket(number)
    if (!fresh) return showNothing()
    const news = fresh.said.length - ticket.said.length
    ticket = fresh
    fill()
    if (news > 0) announce(news === 1 ? 'There is a new comment.' : `There are ${news} new comments.`)
  }
  fill()
  show(`${ticket.subject} · #${number}`, heading, facts, element('h2', {}, 'What was said'), said, form.shown)
  return refresh
}

const WAYS = { X_POST: 'on X', X_DM: 'by message on X', X_CHAT: 'by message on X', EMAIL: 'by e-mail' }

function spoken({ body, direction, channel, postedAt, editedAt, deletedAt, author }, { account, me }) {
  const mine = direction === 'INBOUND' && (author === null || author.id === me)
  const who = mine ? 'You' : (author?.name ?? account.name)
  const way = [WAYS[channel], editedAt && 'edited'].filter(Boolean).join(', ')
  return element(
    'article',
    { class: mine ? 'comment mine' : 'comment' },
    element(
      'p',
      { class: 'head' },
      element('strong', {}, who),
      element('span', { class: 'quiet' }, way && `${way} · `, time(postedAt)),
    ),
    element('p', { class: 'body' }, deletedAt && body === '' ? 'This post was deleted on X.' : body),
  )
}

const ADD = `mutation ($input: AddCommentInput!) { addComment(input: $input) {
  ticket { number } userErrors { code message } } }`

function commentForm(ticketNow, onDone, leave) {
  const { number } = ticketNow()
  const text = field({
    id: 'body',
    tag: 'textarea',
    label: 'Your comment',
    value: drafts.get(number),
    maxlength: 50_000,
  })
  const hint = text.parts[2]
  const button = element('button', { class: 'button', type: 'submit' }, 'Send')
  text.control.addEventListener('input', () => drafts.set(number, text.control.value))
  async function send(event) {
    event.preventDefault()
    button.disabled = true
    text.complain(undefined)
    try {
      const input = { ticketId: ticketNow().id, body: text.control.value }
      const { ticket, userErrors } = (await ask(ADD, { input })).addComment
      if (userErrors.length > 0) return text.complain(userErrors[0].message)
      text.control.value = ''
      drafts.set(number, '')
      announce('Your comment was sent.')
      await onDone(ticket.number)
    } catch (error) {
      if (isSignedOut(error)) leave('You were signed out meanwhile. What you wrote is kept; sign in to send it.')
      else text.complain(error.message)
    } finally {
      button.disabled = false
    }
  }
  return {
    shown: element('form', { onsubmit: send, novalidate: true }, ...text.parts, button),
    heed({ status: value }) {
      hint.textContent =
        value === 'CLOSED'
          ? 'This ticket is closed. Your comment goes on in a new one, which refers to this.'
          : value === 'SOLVED' || value === 'PENDING'
            ? 'Your comment opens the ticket again. It is not posted on X.'
            : 'As long as you like. It is not posted on X.'
    },
  }
}

const VIEWER = 'viewer { name email unconfirmedEmail xProfile { username } }'
const UPDATE = `mutation ($input: UpdateViewerInput!) { updateViewer(input: $input) {
  ${VIEWER} userErrors { field message } } }`

export async function showProfile({ leave }) {
  const { viewer } = await ask(`{ ${VIEWER} }`)
  const name = field({ id: 'name', label: 'Name', value: viewer.name, autocomplete: 'name', maxlength: 100 })
  const email = field({ id: 'email', type: 'email', label: 'E-mail address', autocomplete: 'email', maxlength: 254 })
  const said = element('p', { class: 'notice good', role: 'status', hidden: true })
  const button = element('button', { class: 'button', type: 'submit' }, 'Save')
  function fill({ name: called, email: address, unconfirmedEmail }) {
    name.control.value = called
    email.control.value = unconfirmedEmail ?? address ?? ''
    email.parts[2].textContent = unconfirmedEmail
      ? `Not confirmed yet: we have sent an e-mail to ${unconfirmedEmail}. Follow its link.${address ? ` Until then we use ${address}.` : ''}`
      : 'Only for answers to your tickets. Leave it empty if you want none by e-mail.'
  }
  async function save(event) {
    event.preventDefault()
    button.disabled = true
    said.hidden = true
    for (const one of [name, email]) one.complain(undefined)
    try {
      const address = email.control.value.trim()
      const input = { name: name.control.value, email: address === '' ? null : address }
      const { updateViewer } = await ask(UPDATE, { input })
      for (const { field: path, message } of updateViewer.userErrors)
        (path[0] === 'name' ? name : email).complain(message)
      if (updateViewer.userErrors.length > 0) return
      fill(updateViewer.viewer)
      said.textContent = 'Saved.'
      said.hidden = false
    } catch (error) {
      if (isSignedOut(error)) leave('You were signed out meanwhile. Sign in to change your profile.')
      else email.complain(error.message)
    } finally {
      button.disabled = false
    }
  }
  fill(viewer)
  show(
    'Your profile',
    element('h1', {}, 'Your profile'),
    viewer.xProfile && element('p', { class: 'quiet' }, `Signed in with X as @${viewer.xProfile.username}.`),
    said,
    element('form', { onsubmit: save, novalidate: true }, ...name.parts, ...email.parts, button),
  )
}

const CONFIRM = `mutation ($input: ConfirmEmailInput!) { confirmEmail(input: $input) {
  viewer { email } userErrors { message } } }`
const KEPT_TOKEN = 'confirm e-mail'

/** Keeps what the link of the mail carries: signing in leads away from here and back. */
export function keepEmailToken() {
  const token = location.hash.slice(1)
  if (token === '') return
  sessionStorage.setItem(KEPT_TOKEN, token)
  history.replaceState(null, '', location.pathname)
}

export async function showConfirmEmail() {
  const token = sessionStorage.getItem(KEPT_TOKEN) ?? ''
  const { viewer, userErrors } = (await ask(CONFIRM, { input: { token } })).confirmEmail
  sessionStorage.removeItem(KEPT_TOKEN)
  const [wrong] = userErrors
  show(
    wrong ? 'Not confirmed' : 'Confirmed',
    element('h1', {}, wrong ? 'The address is not confirmed' : 'The address is confirmed'),
    element(
      'p',
      { class: wrong ? 'notice wrong' : 'notice good' },
      wrong ? wrong.message : `We write to ${viewer.email} from now on.`,
    ),
    element('p', {}, element('a', { href: '/requester/profile' }, 'Your profile')),
  )
}
