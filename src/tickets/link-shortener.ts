/** Makes short links of long ones (F52): whichever shortener the operator chose. */
export interface LinkShortener {
  /** The short link, within a bounded time. Throws LinkShortenerError. */
  shorten(url: string): Promise<string>
}

/** No short link was made. Names neither the link nor credentials. */
export class LinkShortenerError extends Error {
  override readonly name = 'LinkShortenerError'
}
