/*
 * Conversations, many in one query of X's recent search. Only what a ticket's requester or the account says there can
 * become something: whoever names the account is found among its mentions. X charges every post that it shows, so the
 * others of a thread that went viral are not asked for.
 */

export interface SearchedConversation {
  readonly id: string
  /** The X users who have tickets in it. */
  readonly people: readonly string[]
  /** Until where it was read; null: never. */
  readonly sinceId: string | null
}

export interface PackedSearch {
  readonly query: string
  readonly conversationIds: readonly string[]
  /** Until where each of them was read. */
  readonly sinceIds: readonly (string | null)[]
}

/** X's recent search takes queries up to this long (self-serve access). */
const MAX_QUERY = 512
/** Where more people have tickets, most of what is said concerns the account: all of it is read. */
const MOST_PEOPLE = 12

interface Bin {
  readonly kind: string
  readonly conversations: SearchedConversation[]
  readonly people: Set<string>
}

/** At most `most` queries, of the first conversations first; what has no room in them waits for the next round. */
export function packSearches(
  conversations: readonly SearchedConversation[],
  accountXUserId: string,
  most: number,
): PackedSearch[] {
  const bins: Bin[] = []
  const full = new Set<string>()
  for (const conversation of conversations) {
    const { people, sinceId } = conversation
    const isWhole = people.length > MOST_PEOPLE
    // Those never read are asked apart: they begin where the conversation does, and would drag the others back.
    const kind = `${isWhole ? 'whole' : 'people'} ${sinceId === null ? 'fresh' : 'begun'}`
    if (full.has(kind)) continue
    const wanted = isWhole ? [] : [accountXUserId, ...people]
    const open = bins.findLast((bin) => bin.kind === kind)
    const roomy = open && queryOf([...open.conversations, conversation], [...open.people, ...wanted])
    if (open && roomy && roomy.length <= MAX_QUERY) {
      open.conversations.push(conversation)
      for (const person of wanted) open.people.add(person)
    } else if (bins.length < most) bins.push({ kind, conversations: [conversation], people: new Set(wanted) })
    // In turn: a smaller one that would still fit is not to overtake.
    else full.add(kind)
  }
  return bins.map(({ conversations: packed, people }) => ({
    query: queryOf(packed, [...people]),
    conversationIds: packed.map(({ id }) => id),
    sinceIds: packed.map(({ sinceId }) => sinceId),
  }))
}

/** Said in any of the conversations, by any of the people; of nobody in particular: by anybody. */
function queryOf(conversations: readonly SearchedConversation[], people: readonly string[]): string {
  const there = conversations.map(({ id }) => `conversation_id:${id}`).join(' OR ')
  if (people.length === 0) return there
  return `(${there}) (${[...new Set(people)].map((id) => `from:${id}`).join(' OR ')})`
}
