-- When X was last asked whether a post that waits is still there, and when it is asked next.
ALTER TABLE "incoming_post" ADD COLUMN "looked_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  ADD COLUMN "look_due_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now() + interval '1 day';
UPDATE "incoming_post" SET looked_at = received_at, look_due_at = received_at + interval '1 day' WHERE state = 'WAITING';
CREATE INDEX "incoming_post_look_due_idx" ON "incoming_post"("account_id", "look_due_at") WHERE (state = 'WAITING');

-- A payload that comes late is not to overwrite what a later one has shown.
ALTER TABLE "x_profile" ADD COLUMN "seen_at" TIMESTAMPTZ(3);
