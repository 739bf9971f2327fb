/** A ticket's subject: the first line of the post without the names it starts with, at most 80 characters. */
export function subjectOf(text: string): string {
  const line = text
    .replace(/^(?:\s*\.?@\w{1,15}\b[,:]?)+/u, '')
    .trim()
    .split('\n', 1)[0]
    ?.trim()
  const subject = line || text.trim() || 'Post without text'
  const characters = [...new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(subject)]
  if (characters.length <= 80) return subject
  return `${characters
    .slice(0, 79)
    .map(({ segment }) => segment)
    .join('')
    .trimEnd()}…`
}
