-- The round in which an account sends an answer (domain/fair-queue.ts): what one author wants sent takes a round each, so
-- that many answers of one do not go before everybody's.
ALTER TABLE "delivery" ADD COLUMN "turn" INTEGER NOT NULL DEFAULT 0;

DROP INDEX "delivery_open_idx";
CREATE INDEX "delivery_open_idx" ON "delivery"("account_id", "bulk", "turn", "created_at") WHERE (finished_at IS NULL);
