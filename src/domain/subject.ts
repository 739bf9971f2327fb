/** A ticket's subject: the first line of the post without the names it starts with, at most 80 characters. */
export function subjectOf(text: string): string {
  const line = text
    .replace(/^(?:\s*\.?@\w{1,15}\b[,:]?)+/u, '')
    .trim()
    .split('\n', 1)[0]
    ?.trim()
  const subject = line || text.trim() || 'Post without text'
  if (subject.length <= MAX_SUBJECT) return subject
  if (PLAIN.test(subject)) return `${subject.slice(0, MAX_SUBJECT - 1).trimEnd()}…`
  let count = 0
  let cut = 0
  for (const { index } of graphemes.segment(subject)) {
    if (count === MAX_SUBJECT - 1) cut = index
    if (++count > MAX_SUBJECT) return `${subject.slice(0, cut).trimEnd()}…`
  }
  return subject
}

/** In characters as people count them. */
const MAX_SUBJECT = 80
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
/**
 * Begins with more than that many of the letters and signs that stand each for themselves: Latin, kana, Han, Hangul. Most
 * posts do, and the segmenter would cost more than all the rest that is decided about them.
 */
const PLAIN = /^[ -\u02ff\u2010-\u2027\u3000-\u3029\u3041-\u3096\u30a1-\u30fe\u4e00-\u9fff\uac00-\ud7a3]{81}/
