/** Whom or what a name can mean. */
export type NameKind = 'account' | 'agent' | 'group' | 'user'

/** A name that only the server can tell the meaning of. */
export interface Name {
  readonly kind: NameKind
  readonly text: string
}

/** Finds the global ids of names. */
export interface Directory {
  /** The global id, or what is wrong with the name, for people. */
  find(name: Name): { readonly id: string } | { readonly wrong: string }
}

/** `me`: whoever the token belongs to. */
export const ME = 'me'
