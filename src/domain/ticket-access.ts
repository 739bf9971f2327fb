/** What an agent may be restricted to (Zendesk's `ticket_restriction`); visibility.ts says what each sees. */
export const TICKET_ACCESS = ['ALL', 'GROUPS', 'ASSIGNED'] as const
export type TicketAccess = (typeof TICKET_ACCESS)[number]
