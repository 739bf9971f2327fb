import { showPage } from './oauth-page.ts'
import { pathOf, type Routes } from './router.ts'

export interface TicketLinkDoorOptions {
  /** Where the code leads; undefined when it is nobody's, or requesters have no page to be led to. */
  readonly addressOf: (code: string) => Promise<string | undefined>
}

const PATH = '/t/'

/**
 * The short links of replies (F52): `/t/:code` leads to the ticket's page. A code grants nothing, so it may be posted in
 * public: the page asks who comes, and shows them their own tickets only (F53).
 */
export function ticketLinkDoor({ addressOf }: TicketLinkDoorOptions): Routes {
  return {
    [`${PATH}*`]: async (request, response) => {
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.setHeader('allow', 'GET, HEAD')
        return showPage(response, { status: 405, title: 'Not here', text: 'This address is for browsers.' })
      }
      const location = await addressOf(pathOf(request).slice(PATH.length))
      if (location !== undefined) {
        // Not for ever: the page may move, and who may see it changes.
        response.writeHead(302, { location, 'cache-control': 'no-store' }).end()
        return
      }
      showPage(response, { status: 404, title: 'No such link', text: 'This link leads nowhere, or not any more.' })
    },
  }
}
