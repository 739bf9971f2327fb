-- How many tickets are open is counted in the index alone: deleted ones have an index of their own.
DROP INDEX "ticket_status_created_at_id_idx";
CREATE INDEX "ticket_status_created_at_id_idx" ON "ticket"("status", "created_at", "id") WHERE (deleted_at IS NULL);

-- Only conversations that are searched are looked for by account and last change, and most tickets are closed.
DROP INDEX "ticket_account_id_updated_at_idx";
CREATE INDEX "ticket_searched_idx" ON "ticket"("account_id", "updated_at") WHERE ((status <> 'CLOSED' OR merged_into_id IS NOT NULL) AND deleted_at IS NULL);
