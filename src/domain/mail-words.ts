import { createKnownWords, type KnownWords } from './known-words.ts'
import { type Head, headAt, isBlank, isQuoted } from './mail-heads.ts'

/*
 * What a customer says in a mail (F38): above what they answer, below it or between its lines. Nothing of theirs is left
 * out. What is quoted is, and so is, below a line that introduces something old, what was said on the ticket before; what
 * nobody knows may be the customer's, and stays. Pure.
 */

export interface Said {
  readonly text: string
  /** The line of ours that stands in the mails we send; alone, or within one. */
  readonly marker: string
  /** What was said by e-mail on the ticket before. */
  readonly known: readonly string[]
}

/** The customer's words. All of the mail when nothing would be left. */
export function newWords({ text, marker, known }: Said): string {
  const lines = text
    .replaceAll(/\r\n?/g, '\n')
    .split('\n')
    .flatMap((line) => (isQuoted(line) ? [line] : alone(line, marker)))
  const words = createKnownWords(known)
  const sections = sectionsOf(lines, marker)
  const own = sections.flatMap((section, index) => {
    const next = sections[index + 1]?.head?.kind
    if (section.head) return ownOf(section, words)
    // Until 2026-11 our line stood below our words.
    return next === 'MARKER' ? withoutKnownEnd(unquoted(section.lines), words) : unquoted(section.lines)
  })
  return (
    own
      .join('\n')
      .replaceAll(/\n{3,}/g, '\n\n')
      .trim() || text.trim()
  )
}

/** A part of a mail, from one head to the next. */
interface Section {
  /** Null: the mail begins with it. */
  readonly head: Head | null
  readonly headLines: readonly string[]
  readonly lines: readonly string[]
}

function sectionsOf(lines: readonly string[], marker: string): Section[] {
  const sections: (Section & { readonly lines: string[] })[] = []
  let section: Section & { readonly lines: string[] } = { head: null, headLines: [], lines: [] }
  sections.push(section)
  for (let at = 0; at < lines.length; ) {
    const head = headAt(lines, at, marker)
    if (head) {
      section = { head, headLines: lines.slice(at, at + head.length), lines: [] }
      sections.push(section)
    } else section.lines.push(lines[at] ?? '')
    at += head?.length ?? 1
  }
  return sections
}

/** What of a part below a head is the customer's. */
function ownOf({ head, headLines, lines }: Section, known: KnownWords): string[] {
  // What somebody forwards is theirs to tell, though their program quotes it.
  const said = head?.kind === 'FORWARD' ? lines : unquoted(lines)
  const own = unknown(said, known)
  if (own.every(isBlank)) return []
  const first = lines.find((line) => !isBlank(line)) ?? ''
  const isOfQuote = head?.kind === 'MARKER' || own.length < said.length || (head?.kind === 'REPLY' && isQuoted(first))
  return isOfQuote ? own : [...headLines, ...said]
}

const unquoted = (lines: readonly string[]): string[] => lines.filter((line) => !isQuoted(line))

/** Lines that nobody said before: by the paragraph, as programs break lines anew, else one by one. */
function unknown(lines: readonly string[], known: KnownWords): string[] {
  return paragraphsOf(lines).flatMap((paragraph) => {
    if (paragraph.every(isBlank)) return paragraph
    if (paragraph.length > 1 && known.has(paragraph.join(' '))) return []
    return paragraph.filter((line) => !known.has(bare(line)))
  })
}

/** Without the paragraphs at its end that were said before. */
function withoutKnownEnd(lines: readonly string[], known: KnownWords): string[] {
  const paragraphs = paragraphsOf(lines)
  const isOld = (paragraph: readonly string[]) => paragraph.every(isBlank) || known.has(paragraph.join(' '))
  return paragraphs.slice(0, paragraphs.findLastIndex((paragraph) => !isOld(paragraph)) + 1).flat()
}

/** Runs of lines that are blank, or not. */
function paragraphsOf(lines: readonly string[]): string[][] {
  const paragraphs: string[][] = []
  for (const line of lines) {
    const last = paragraphs.at(-1)
    if (last && isBlank(last[0] ?? '') === isBlank(line)) last.push(line)
    else paragraphs.push([line])
  }
  return paragraphs
}

const bare = (line: string): string => line.replace(/^[\s>]+/, '')

/** Our line on a line of its own: programs that know no paragraphs put it behind what was typed. */
function alone(line: string, marker: string): string[] {
  const parts = line.split(marker)
  if (parts.length === 1) return parts
  return parts.flatMap((part, index) => (index > 0 ? [marker, part] : [part])).filter((each) => !isBlank(each))
}
