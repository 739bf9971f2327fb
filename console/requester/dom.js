/* Elements, built by hand: text is always text, whoever wrote it. */

/**
 * An element. Properties beginning with `on` are listeners, the others attributes; false and undefined leave one out.
 * @param {string} tag
 * @param {Record<string, unknown>} [properties]
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {HTMLElement}
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value)
    else made.setAttribute(name, value === true ? '' : String(value))
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false))
  return made
}

const main = () => document.getElementById('main')

/** Shows a page: its title, and what is in it. The focus goes there, so that a screen reader begins to read. */
export function show(title, ...children) {
  document.title = title
  main().replaceChildren(...children.filter(Boolean))
  main().focus({ preventScroll: true })
  window.scrollTo(0, 0)
}

/** Says something to those who do not see that the page changed. */
export function announce(text) {
  document.getElementById('announcer').textContent = text
}

const WHEN = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

/** A moment, in words of the reader's own. */
export function time(iso) {
  return element('time', { datetime: iso }, WHEN.format(new Date(iso)))
}

/** A field of a form with its label, a hint, and room for what is wrong with it. */
export function field({ id, label, hint, value = '', tag = 'input', ...attributes }) {
  const described = `${id}-hint ${id}-error`
  const control = element(tag, { id, name: id, 'aria-describedby': described, ...attributes })
  control.value = value
  const error = element('p', { id: `${id}-error`, class: 'error', hidden: true })
  return {
    control,
    parts: [
      element('label', { for: id }, label),
      control,
      element('p', { id: `${id}-hint`, class: 'hint' }, hint ?? ''),
      error,
    ],
    /** Undefined: nothing is wrong any more. */
    complain(message) {
      error.textContent = message ?? ''
      error.hidden = message === undefined
      control.setAttribute('aria-invalid', String(message !== undefined))
      if (message !== undefined) control.focus()
    },
  }
}
