-- The ticket's life (F68-F70): closing after some days, deleting softly, merging.
ALTER TABLE "workspace" ADD COLUMN     "close_solved_after_days" INTEGER NOT NULL DEFAULT 4;
ALTER TABLE "workspace" ADD CONSTRAINT "workspace_solved_tickets_close" CHECK (close_solved_after_days BETWEEN 0 AND 28);

ALTER TABLE "ticket" ADD COLUMN     "deleted_at" TIMESTAMPTZ(3),
ADD COLUMN     "merged_into_id" UUID;

-- A merged ticket is closed, and not its own.
ALTER TABLE "ticket" ADD CONSTRAINT "ticket_merged_is_closed" CHECK (merged_into_id IS NULL OR (status = 'CLOSED' AND merged_into_id <> id));

ALTER TABLE "ticket" ADD CONSTRAINT "ticket_merged_into_id_fkey" FOREIGN KEY ("merged_into_id") REFERENCES "ticket"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- A deleted ticket takes no posts, so another may be open beside it.
DROP INDEX "ticket_one_open_per_thread";
CREATE UNIQUE INDEX "ticket_one_open_per_thread" ON "ticket"("account_id", "channel", "thread_key", "requester_id") WHERE (status <> 'CLOSED' AND import_stopped_at IS NULL AND deleted_at IS NULL);

-- What is to be closed, what is to be erased, what was merged: each job reads its own few rows.
CREATE INDEX "ticket_solved_at_idx" ON "ticket"("solved_at") WHERE (status = 'SOLVED' AND deleted_at IS NULL);
CREATE INDEX "ticket_deleted_at_idx" ON "ticket"("deleted_at") WHERE (deleted_at IS NOT NULL);
CREATE INDEX "ticket_merged_into_id_idx" ON "ticket"("merged_into_id") WHERE (merged_into_id IS NOT NULL);

-- Nobody knew when these were solved; their days begin with their last change.
UPDATE "ticket" SET solved_at = updated_at WHERE status = 'SOLVED' AND solved_at IS NULL;
