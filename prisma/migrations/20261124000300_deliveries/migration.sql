-- Answers on their way out (src/outbound). What becomes of one stands in a row of its own, not on the comment.

ALTER TABLE "comment" DROP COLUMN "delivery_error", DROP COLUMN "delivery_state";

CREATE TABLE "delivery" (
    "comment_id" UUID NOT NULL,
    "ticket_id" UUID NOT NULL,
    "channel" "CommentChannel" NOT NULL,
    "account_id" UUID,
    "target" TEXT NOT NULL,
    "mentions" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "message_id" TEXT,
    "state" "DeliveryState" NOT NULL DEFAULT 'QUEUED',
    "bulk" BOOLEAN NOT NULL DEFAULT false,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "due_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "begun_at" TIMESTAMPTZ(3),
    "looked_for" INTEGER NOT NULL DEFAULT 0,
    "error" TEXT,
    "detail" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),
    CONSTRAINT "delivery_pkey" PRIMARY KEY ("comment_id"),
    CONSTRAINT "delivery_finished" CHECK (("state" IN ('QUEUED', 'SENDING')) = ("finished_at" IS NULL)),
    -- Whoever sends an e-mail is nobody on X; all else goes from an account.
    CONSTRAINT "delivery_sender" CHECK ("account_id" IS NOT NULL OR "channel" = 'EMAIL')
);

CREATE INDEX "delivery_open_idx" ON "delivery"("account_id", "bulk", "created_at") WHERE (finished_at IS NULL);
CREATE INDEX "delivery_ticket_idx" ON "delivery"("ticket_id") WHERE (finished_at IS NULL OR state = 'UNKNOWN');

ALTER TABLE "delivery" ADD CONSTRAINT "delivery_comment_id_fkey" FOREIGN KEY ("comment_id") REFERENCES "comment"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "delivery" ADD CONSTRAINT "delivery_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
