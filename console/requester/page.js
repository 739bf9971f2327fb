/* The requester's page: which view an address shows, who is signed in, and what happens meanwhile. */

import { ask, follow, isSignedOut } from './api.js'
import { announce, element } from './dom.js'
import {
  keepEmailToken,
  showConfirmEmail,
  showFailure,
  showList,
  showNothing,
  showProfile,
  showSignIn,
  showTicket,
} from './views.js'

/** What is shown: how to show it anew, null while it is being read; and whether something happened meanwhile. */
let shown = { number: null, refresh: null, stale: false }
let following = null

async function open() {
  const number = Number(/^\/requester\/tickets\/([1-9][0-9]*)$/.exec(location.pathname)?.[1] ?? 0) || null
  const visit = { number, refresh: null, stale: false }
  shown = visit
  showNav(true)
  try {
    // First, so that nothing happens between what is read and what is heard.
    if (!following) await startFollowing()
    const refresh = await view(location.pathname, number)
    if (visit !== shown) return
    visit.refresh = refresh ?? (async () => {})
    if (visit.stale) happened(null)
  } catch (error) {
    if (visit !== shown) return
    if (isSignedOut(error))
      leave(error.code === 'TOKEN_EXPIRED' ? 'You were signed out, as some time has passed.' : undefined)
    else showFailure(error, open)
  }
}

function view(path, number) {
  if (number !== null) return showTicket(number, { go, leave })
  if (path === '/requester/') return showList()
  if (path === '/requester/profile') return showProfile({ leave })
  if (path === '/requester/confirm-email') return showConfirmEmail()
  return showNothing()
}

async function startFollowing() {
  const { tickets } = await ask('{ tickets(first: 1) { position } }')
  following = new AbortController()
  follow(tickets.position, happened, following.signal)
}

function stopFollowing() {
  following?.abort()
  following = null
}

/** Something happened to this ticket, or, null, to any. One reading at a time: what comes meanwhile is in the next. */
async function happened(number) {
  const visit = shown
  if (number !== null && visit.number !== null && number !== visit.number) return
  visit.stale = true
  const { refresh } = visit
  if (refresh === null) return
  visit.refresh = null
  try {
    while (visit.stale && visit === shown) {
      visit.stale = false
      await refresh()
    }
  } catch (error) {
    announce(error.message)
  } finally {
    visit.refresh = refresh
  }
}

/** Nobody is signed in any more. */
function leave(why) {
  stopFollowing()
  showNav(false)
  showSignIn(why)
}

function showNav(signedIn) {
  const nav = document.getElementById('nav')
  nav.hidden = !signedIn
  const here = location.pathname === '/requester/profile' ? 'page' : undefined
  nav.replaceChildren(
    element('a', { href: '/requester/profile', 'aria-current': here }, 'Profile'),
    element('button', { type: 'button', onclick: () => signOut() }, 'Sign out'),
    element('button', { type: 'button', onclick: signOutEverywhere }, 'Sign out everywhere'),
  )
}

async function signOut() {
  const leaving = { method: 'POST', headers: { 'x-perch-page': 'requester' } }
  const answer = await fetch('/requester/sign-out', leaving).catch(() => undefined)
  if (!answer?.ok) return announce('You could not be signed out. Try again.')
  sessionStorage.clear()
  stopFollowing()
  history.replaceState(null, '', '/requester/')
  await open()
}

async function signOutEverywhere() {
  stopFollowing()
  try {
    await ask('mutation { updateViewer(input: { signOutEverywhere: true }) { position } }')
  } catch (error) {
    if (!isSignedOut(error)) return announce(error.message)
  }
  await signOut()
}

/** Goes to another address of the page without loading it anew. */
async function go(path) {
  history.pushState(null, '', path)
  await open()
}

document.addEventListener('click', (event) => {
  const link = event.target instanceof Element ? event.target.closest('a[href]') : null
  if (!link || event.defaultPrevented || event.button !== 0) return
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
  const { origin, pathname, hash } = new URL(link.href)
  const ours = origin === location.origin && pathname.startsWith('/requester/') && pathname !== '/requester/sign-in'
  if (!ours || hash !== '') return
  event.preventDefault()
  go(pathname)
})
window.addEventListener('popstate', open)

keepEmailToken()
open()
