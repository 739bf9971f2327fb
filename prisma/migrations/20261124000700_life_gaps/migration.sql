-- Erasing a ticket (tickets/erase-deleted.ts) sets this to null in those that follow it up: without an index each erased
-- ticket reads the whole table.
CREATE INDEX "ticket_follow_up_of_id_idx" ON "ticket"("follow_up_of_id") WHERE (follow_up_of_id IS NOT NULL);
