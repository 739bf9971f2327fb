-- Whose post a post quotes: since 2026-02-23 X lets a self-serve app answer whoever named or quoted the account. Of what
-- was read before nobody knows whether it quotes anybody.
ALTER TABLE "comment" ADD COLUMN "quoted_user_id" TEXT;
ALTER TABLE "incoming_post" ADD COLUMN "quoted_user_id" TEXT;
