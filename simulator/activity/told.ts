/** What a subscription wants to hear of. */
export interface Filter {
  readonly user_id?: string | undefined
  readonly keyword?: string | undefined
  readonly direction?: 'inbound' | 'outbound' | undefined
}

/** What a subscription hears of a happening: the event's own part of the envelope. */
export interface Told {
  readonly payload: Readonly<Record<string, unknown>>
  readonly includes?: Readonly<Record<string, unknown>>
}
