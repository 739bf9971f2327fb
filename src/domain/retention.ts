/** Days for which a finished bulk update is kept, with its items: so long it can be looked at, and undone (F71). */
export const BULK_UPDATE_DAYS = 30
