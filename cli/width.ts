const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** What people take for the characters of a text. */
export const graphemes = (text: string) => segmenter.segment(text)

/** Cells that a text takes on a terminal. */
export function widthOf(text: string): number {
  let width = 0
  for (const { segment } of graphemes(text)) width += cells(segment)
  return width
}

/** Cells of one grapheme: two for emoji and for the scripts that terminals show wide (Unicode UAX #11). */
export const cells = (grapheme: string): number =>
  /\p{Emoji_Presentation}|\ufe0f|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}]/u.test(
    grapheme,
  )
    ? 2
    : 1
