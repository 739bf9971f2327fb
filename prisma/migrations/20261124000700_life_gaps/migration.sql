-- Erasing a ticket (tickets/erase-deleted.ts) sets this to null in those that follow it up: without an index each erased
-- ticket reads the whole table.
CREATE INDEX "ticket_follow_up_of_id_idx" ON "ticket"("follow_up_of_id") WHERE (follow_up_of_id IS NOT NULL);

-- Sessions of the requester's page are signed, not kept: who signs out everywhere begins a new generation of them.
ALTER TABLE "user" ADD COLUMN "session_generation" INTEGER NOT NULL DEFAULT 0;
