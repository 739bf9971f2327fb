/*
 * How mail programs introduce what they quote, or forward. Pure. Where a head stands says only that something old may
 * follow: what of it is the customer's own is decided in mail-words.ts.
 */

/** What stands above something old. */
export interface Head {
  /** How many lines it has. */
  readonly length: number
  /** MARKER: our own line. FORWARD: the customer passes on what somebody else wrote. */
  readonly kind: 'REPLY' | 'FORWARD' | 'MARKER'
}

/** A line that is quoted (RFC 3676 §4.5). */
export const isQuoted = (line: string): boolean => /^\s*>/.test(line)
export const isBlank = (line: string): boolean => line.trim() === ''

/** "On …, … wrote:" in some languages. */
const INTRODUCTIONS: readonly RegExp[] = [
  /^On .{6,300}\bwrote\s?:$/,
  /^Am .{6,300}\bschrieb\b.{0,200}:$/,
  /^Le .{6,300}\sa écrit\s?:$/,
  /^El .{6,300}\sescribió\s?:$/,
  /^Il .{6,300}\sha scritto\s?:$/,
  /^Op .{6,300}\bschreef\b.{0,200}:$/,
  /^Em .{6,300}\sescreveu\s?:$/,
  /^Den .{6,300}\bskrev\b.{0,200}:$/,
  /^W dniu .{6,300}\snapisał.{0,200}:$/,
]
/** In any language, as Gmail does it: a date, the sender's address, a colon. */
const DATED = /^(?:\p{L}{1,12}[.,]{0,2}\s){0,2}\d{1,4}.{4,200}<[^<>\s]{1,254}@[^<>\s]{1,254}>[^<>]{0,30}:$/u
/** The longest is broken into so many lines. */
const INTRODUCTION_LINES = 3

const ORIGINAL =
  /^-{2,} ?(?:Original Message|Original Appointment|Ursprüngliche Nachricht|Message d['’]origine|Mensaje original|Messaggio originale|Oorspronkelijk bericht|Mensagem original) ?-{2,}$/i
const FORWARDED =
  /^(?:-{2,} ?(?:Forwarded message|Weitergeleitete Nachricht|Message transféré|Mensaje reenviado|Messaggio inoltrato) ?-{2,}|Begin forwarded message:|Anfang der weitergeleiteten Nachricht:|Début du message transféré ?:)$/i

/** The names of Outlook's lines, in some languages; some programs set them between asterisks. */
const label = (names: string) => new RegExp(`^\\*?(?:${names})\\s?:`, 'i')
const FROM = label('From|Von|De|Da|Van|Från|Fra|Od')
const SENT = label('Sent|Date|Gesendet|Datum|Envoyé|Enviado(?: el)?|Fecha|Inviato|Data|Verzonden|Skickat|Sendt|Wysłano')
const SUBJECT = label('Subject|Betreff|Objet|Asunto|Oggetto|Onderwerp|Assunto|Ämne|Emne|Temat')
const TO = label('To|Cc|An|À|Para|A|Aan|Till|Til|Do|Reply-To|Importance|Priority')
/** With long lists of recipients broken. */
const BLOCK_LINES = 12

/** The head that begins at a line; undefined: none does. */
export function headAt(lines: readonly string[], at: number, marker: string): Head | undefined {
  const line = lines[at]?.trim() ?? ''
  if (line === '' || isQuoted(line)) return undefined
  if (line === marker) return { length: 1, kind: 'MARKER' }
  const kind = FORWARDED.test(line) ? 'FORWARD' : 'REPLY'
  // Outlook on the web draws a line above its block.
  const rule = kind === 'FORWARD' || ORIGINAL.test(line) || /^_{10,}$/.test(line)
  const from = rule ? afterBlanks(lines, at + 1) : at
  const block = blockAt(lines, from)
  if (block > 0) return { length: from - at + block, kind }
  if (rule) return line.startsWith('_') ? undefined : { length: 1, kind }
  const introduction = introductionAt(lines, at)
  return introduction > 0 ? { length: introduction, kind } : undefined
}

/** How many lines From:, Sent:, To: and Subject: have there; 0: they are not there. */
function blockAt(lines: readonly string[], at: number): number {
  if (!FROM.test(lines[at]?.trim() ?? '')) return 0
  let [length, isDated, hasSubject] = [1, false, false]
  for (let index = at + 1; index < at + BLOCK_LINES; index++) {
    const line = lines[index]?.trim() ?? ''
    if (line === '' || isQuoted(line)) break
    const [dates, names] = [SENT.test(line), SUBJECT.test(line)]
    if (dates || names || TO.test(line)) length = index - at + 1
    isDated ||= dates
    hasSubject ||= names
  }
  return isDated && hasSubject ? length : 0
}

/** How many lines an introduction has there, which programs break; 0: there is none. */
function introductionAt(lines: readonly string[], at: number): number {
  let joined = ''
  for (let length = 1; length <= INTRODUCTION_LINES; length++) {
    const line = lines[at + length - 1]?.trim() ?? ''
    if (line === '' || isQuoted(line)) return 0
    joined = `${joined} ${line}`.trim()
    if (joined.length > LONGEST) return 0
    const isWhole = length === 1 || line.startsWith('<')
    if (!joined.endsWith(':') || !/\d/.test(joined)) continue
    if (!INTRODUCTIONS.some((each) => each.test(joined)) && !(isWhole && DATED.test(joined))) continue
    // "On second thought, no." above an introduction is the customer's.
    return length > 1 && introductionAt(lines, at + 1) > 0 ? 0 : length
  }
  return 0
}

/** Nobody introduces anything in more characters. */
const LONGEST = 500

function afterBlanks(lines: readonly string[], at: number): number {
  let next = at
  while (next < lines.length && isBlank(lines[next] ?? '')) next++
  return next
}
