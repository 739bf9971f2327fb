-- Since when X may have an answer of which no attempt is known to have succeeded, and the ids that were signed for it
-- then: what X shows later is still known to be it, though it waits to be sent again or was given up.
ALTER TABLE "delivery" ADD COLUMN "uncertain_since" TIMESTAMPTZ(3),
ADD COLUMN "earlier_message_ids" TEXT[] DEFAULT ARRAY[]::TEXT[];

UPDATE "delivery" SET "uncertain_since" = coalesce("begun_at", "created_at")
WHERE "state" IN ('SENDING', 'UNKNOWN') OR ("state" = 'QUEUED' AND "error" = 'UNAVAILABLE');

DROP INDEX "delivery_ticket_idx";
CREATE INDEX "delivery_ticket_idx" ON "delivery"("ticket_id") WHERE (finished_at IS NULL OR (state <> 'SENT' AND uncertain_since IS NOT NULL));
