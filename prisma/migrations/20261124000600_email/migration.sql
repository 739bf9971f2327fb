-- F38: since when a ticket's answers go by e-mail.
ALTER TABLE "ticket" ADD COLUMN "moved_to_email_at" TIMESTAMPTZ(3);
