import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

/*
 * Who may import whom (DESIGN §3). Rooms meet through interfaces; only the composition root and the
 * commands build adapters; nothing goes in a circle. The tree is small and its imports are plain, so a pattern reads them.
 */

/** Our files, and the files of ours that each imports; paths from the root of the checkout. */
export type Graph = ReadonlyMap<string, readonly string[]>

const STORE = /^src\/store\/(store|leases|vault|startup-error|ticket-snapshot|json-parameter)\.ts$/
const X = /^src\/x\/(client|errors|xchat)\.ts$/
const PUBSUB = /^src\/pubsub\/(bus|feed|log-reader)\.ts$/
/** Calls of X that X limits and charges. */
const CALLS = /^src\/x-calls\/x-calls\.ts$/
/** E-mails: the interface, and the words. */
const MAIL = /^src\/mail\/(mailer|texts|reply-address)\.ts$/
/** What administrators do with accounts, for whoever lets them. */
const ACCOUNTS = /^src\/accounts\/accounts\.ts$/
/** What requesters do with what is theirs. */
const REQUESTERS = /^src\/requesters\/requesters\.ts$/
/** What administrators do with incoming posts. */
const INCOMING_POSTS = /^src\/ingest\/(incoming-posts|lag)\.ts$/
/** Who makes short links. */
const LINK_SHORTENER = /^src\/tickets\/link-shortener\.ts$/
/** Answers: the interface, and the words. */
const REPLIES = /^src\/outbound\/(replies|wording)\.ts$/
/** Answers that bulk updates give. */
const BULK_REPLIES = /^src\/outbound\/bulk-replies\.ts$/
/** Bulk updates: the interface, and who sees which. */
const BULK_UPDATES = /^src\/bulk\/(bulk-updates|jobs)\.ts$/
const DOMAIN = /^src\/domain\//
const GENERATED = /^src\/generated\//

interface Rule {
  readonly from: RegExp
  /** Everything of ours that these files may import besides their own room. */
  readonly may: readonly RegExp[]
  readonly why: string
}

const room = (name: string, why: string, ...may: RegExp[]): Rule => ({
  from: new RegExp(`^src/${name}/`),
  may: [new RegExp(`^src/${name}/`), ...may],
  why,
})

const RULES: readonly Rule[] = [
  room('domain', 'the rules are pure: they import nothing of ours'),
  room('store', 'the store knows the rules and the interfaces that it serves', DOMAIN, GENERATED, PUBSUB),
  room('x', 'X is a wire, and knows nobody', DOMAIN),
  room('pubsub', 'the bus and the feed know events, and the log by its interface', DOMAIN),
  room(
    'ingest',
    'ingest meets the rest through interfaces',
    DOMAIN,
    GENERATED,
    STORE,
    X,
    PUBSUB,
    CALLS,
    /^src\/accounts\/(access-tokens|sealed-places)\.ts$/,
  ),
  room(
    'x-calls',
    'calls of X are let in and charged through interfaces',
    DOMAIN,
    GENERATED,
    STORE,
    X,
    /^src\/accounts\/access-tokens\.ts$/,
  ),
  room('accounts', 'accounts meet the rest through interfaces', DOMAIN, GENERATED, STORE, X, CALLS, MAIL),
  room(
    'outbound',
    'answers meet the rest through interfaces',
    DOMAIN,
    GENERATED,
    STORE,
    X,
    CALLS,
    MAIL,
    /^src\/accounts\/sealed-places\.ts$/,
    /^src\/ingest\/xchat-pages\.ts$/,
    /^src\/tickets\//,
  ),
  room(
    'bulk',
    'bulk updates meet the rest through interfaces',
    DOMAIN,
    GENERATED,
    STORE,
    /^src\/tickets\//,
    /^src\/people\/read-audience\.ts$/,
    /^src\/ingest\/refusal\.ts$/,
    BULK_REPLIES,
  ),
  room(
    'inbound-mail',
    'mails that come in meet the rest through interfaces',
    DOMAIN,
    GENERATED,
    STORE,
    MAIL,
    /^src\/ingest\/dead-letters\.ts$/,
    /^src\/tickets\/(merge-target|open-follow-ups|requester-turn)\.ts$/,
  ),
  room('mail', 'mail knows what it says, and nobody', DOMAIN),
  room(
    'requesters',
    'requesters meet the rest through interfaces',
    DOMAIN,
    GENERATED,
    STORE,
    X,
    CALLS,
    MAIL,
    /^src\/accounts\/identity\.ts$/,
    /^src\/people\/(lock-people|email-taken)\.ts$/,
  ),
  room('links', 'shorteners are wires, and know nobody', DOMAIN, LINK_SHORTENER),
  room(
    'tickets',
    'tickets meet the store through its interface; spam suspends its author',
    DOMAIN,
    GENERATED,
    STORE,
    /^src\/people\/suspend-user\.ts$/,
  ),
  room('people', 'people meet the store through its interface', DOMAIN, GENERATED, STORE),
  room(
    'schema',
    'the schema is thin: authorise, call, return',
    DOMAIN,
    GENERATED,
    STORE,
    PUBSUB,
    ACCOUNTS,
    REQUESTERS,
    INCOMING_POSTS,
    REPLIES,
    BULK_UPDATES,
    /^src\/x-calls\/(budget|spend-report)\.ts$/,
    /^src\/tickets\//,
    /^src\/people\//,
  ),
  room(
    'server',
    'the doors admit; what is behind them is handed to them',
    DOMAIN,
    STORE,
    PUBSUB,
    ACCOUNTS,
    REQUESTERS,
    /^src\/schema\/(index|context)\.ts$/,
  ),
  {
    from: /^(simulator|console|cli)\/(?!perch\.ts$)/,
    may: [/^(simulator|console|cli)\//],
    why: 'programs beside Perch import nothing of it',
  },
  {
    from: /^cli\/perch\.ts$/,
    may: [/^cli\//, /^src\/(main|usage)\.ts$/],
    why: '`perch` hands its commands on to those whose they are',
  },
  { from: /^src\//, may: [/^src\//], why: 'the program does not know what is built around it' },
]

/** Modules that open something; only the composition root and the commands do. */
const ADAPTERS =
  /^src\/(store\/(open|embedded-postgres|migrate|job-runner)|x\/(twitter-client|xchat\/create-xchat)|pubsub\/(redis-bus|memory-bus|live-feed)|links\/http-shortener)\.ts$/
const MAY_BUILD = /^(src\/(app\.ts$|composition\/|commands\/|store\/|x\/|pubsub\/)|test\/|bench\/|scripts\/)/

/** Every breach as a sentence; empty when all is well. */
export function breaches(graph: Graph): string[] {
  const found: string[] = []
  for (const [file, imports] of graph) {
    for (const target of imports) {
      // `./x.js` means x.ts too, and would get past every rule that names a file.
      if (!/\.(?:ts|json)$/.test(target)) found.push(`${file} imports ${target}: relative imports end in .ts`)
      for (const { from, may, why } of RULES) {
        if (from.test(file) && !may.some((allowed) => allowed.test(target)))
          found.push(`${file} imports ${target}: ${why}`)
      }
      if (ADAPTERS.test(target) && !MAY_BUILD.test(file)) {
        found.push(`${file} imports ${target}: only the composition root and the commands build adapters`)
      }
    }
  }
  return [...found, ...circles(graph).map((circle) => `in a circle: ${circle.join(' → ')}`)]
}

function circles(graph: Graph): string[][] {
  const found: string[][] = []
  const done = new Set<string>()
  const path: string[] = []
  const visit = (file: string): void => {
    const at = path.indexOf(file)
    if (at >= 0) return void found.push([...path.slice(at), file])
    if (done.has(file)) return
    path.push(file)
    for (const target of graph.get(file) ?? []) visit(target)
    path.pop()
    done.add(file)
  }
  for (const file of graph.keys()) visit(file)
  return found
}

// `import type` counts for the rooms, but a type alone makes no circle at run time; circles of types are refused too,
// because a reader goes round them all the same.
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"](\.[^'"]+)['"]|\bimport\(\s*['"](\.[^'"]+)['"]\s*\)|(?:^|\n)\s*import\s*['"](\.[^'"]+)['"]/g

/** Reads the tree below `root`. */
export function readGraph(root: string): Graph {
  const files = ['src', 'simulator', 'console', 'cli', 'bench'].flatMap((folder) => filesBelow(root, folder))
  return new Map(
    files.map((file) => {
      const text = readFileSync(join(root, file), 'utf8')
      const imports = [...text.matchAll(IMPORT)].map((match) => {
        const path = resolve(root, dirname(file), (match[1] ?? match[2] ?? match[3]) as string)
        return relative(root, path)
      })
      return [file, [...new Set(imports)]]
    }),
  )
}

function filesBelow(root: string, folder: string): string[] {
  const path = join(root, folder)
  if (!existsSync(path)) return []
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
    .filter((file) => !GENERATED.test(file))
    .sort()
}
