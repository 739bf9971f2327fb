-- Bulk updates (src/bulk): a job, and an item for each ticket of its frozen set. They take the place of two tables that
-- nothing used.

DROP TABLE "job_result";
DROP TABLE "job";

-- F73: what a ticket's version is, whoever changes the row and in whatever way.
ALTER TABLE "ticket" ADD COLUMN "version" INTEGER NOT NULL DEFAULT 1;

CREATE FUNCTION "perch_ticket_version"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.version := OLD.version + 1;
  RETURN NEW;
END $$;

CREATE TRIGGER "ticket_version" BEFORE UPDATE ON "ticket"
  FOR EACH ROW EXECUTE FUNCTION "perch_ticket_version"();

CREATE TABLE "bulk_update_job" (
    "id" UUID NOT NULL,
    "created_by_id" UUID NOT NULL,
    "status" "JobStatus" NOT NULL DEFAULT 'QUEUED',
    "patch" JSONB,
    "if_position" BIGINT,
    "undo_of_id" UUID,
    "idempotency_key" TEXT,
    "input_hash" TEXT NOT NULL,
    "total" INTEGER NOT NULL,
    "done" INTEGER NOT NULL DEFAULT 0,
    "failed" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),
    CONSTRAINT "bulk_update_job_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "bulk_update_job_finished" CHECK (("status" IN ('QUEUED', 'WORKING')) = ("finished_at" IS NULL)),
    CONSTRAINT "bulk_update_job_counts" CHECK ("failed" <= "done" AND "done" <= "total")
);

CREATE UNIQUE INDEX "bulk_update_job_created_by_id_idempotency_key_key" ON "bulk_update_job"("created_by_id", "idempotency_key");
CREATE INDEX "bulk_update_job_created_by_id_created_at_id_idx" ON "bulk_update_job"("created_by_id", "created_at", "id");
CREATE INDEX "bulk_update_job_created_at_id_idx" ON "bulk_update_job"("created_at", "id");
CREATE INDEX "bulk_update_job_undo_of_id_idx" ON "bulk_update_job"("undo_of_id");
CREATE INDEX "bulk_update_job_open_idx" ON "bulk_update_job"("updated_at") WHERE (finished_at IS NULL);

CREATE TABLE "bulk_update_item" (
    "job_id" UUID NOT NULL,
    "place" INTEGER NOT NULL,
    "ticket_id" UUID NOT NULL,
    "patch" JSONB,
    "if_version" INTEGER,
    "outcome" TEXT,
    "errors" JSONB,
    "before" JSONB,
    "version" INTEGER,
    CONSTRAINT "bulk_update_item_pkey" PRIMARY KEY ("job_id", "place"),
    CONSTRAINT "bulk_update_item_outcome" CHECK ("outcome" IN ('CHANGED', 'UNCHANGED', 'CONFLICT', 'NOT_FOUND', 'FAILED'))
)
-- Every item is written once more, with its result: room for that on its page.
WITH (fillfactor = 45);

ALTER TABLE "bulk_update_job" ADD CONSTRAINT "bulk_update_job_created_by_id_fkey" FOREIGN KEY ("created_by_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "bulk_update_job" ADD CONSTRAINT "bulk_update_job_undo_of_id_fkey" FOREIGN KEY ("undo_of_id") REFERENCES "bulk_update_job"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "bulk_update_item" ADD CONSTRAINT "bulk_update_item_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "bulk_update_job"("id") ON DELETE CASCADE ON UPDATE CASCADE;
