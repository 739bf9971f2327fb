-- The words of a ticket's subject stand beside it. An index of words on the ticket itself takes them all anew with every
-- change of its row, and a ticket changes often while its subject hardly ever does: of a bulk update that was half the work.
CREATE TABLE "ticket_words" (
    "ticket_id" UUID NOT NULL,
    "words" tsvector NOT NULL,

    CONSTRAINT "ticket_words_pkey" PRIMARY KEY ("ticket_id")
);

INSERT INTO "ticket_words" ("ticket_id", "words") SELECT "id", to_tsvector('simple', "subject") FROM "ticket";

CREATE INDEX "ticket_words_words_idx" ON "ticket_words" USING gin ("words");
ALTER TABLE "ticket_words" ADD CONSTRAINT "ticket_words_ticket_id_fkey"
  FOREIGN KEY ("ticket_id") REFERENCES "ticket"("id") ON DELETE CASCADE ON UPDATE CASCADE;
DROP INDEX "ticket_subject_words";

-- Whoever writes a subject need not know of it.
CREATE FUNCTION "perch_new_ticket_words"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO "ticket_words" ("ticket_id", "words") SELECT "id", to_tsvector('simple', "subject") FROM "added";
  RETURN NULL;
END $$;

CREATE TRIGGER "ticket_words_new" AFTER INSERT ON "ticket"
  REFERENCING NEW TABLE AS "added" FOR EACH STATEMENT EXECUTE FUNCTION "perch_new_ticket_words"();

CREATE FUNCTION "perch_changed_ticket_words"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE "ticket_words" SET "words" = to_tsvector('simple', NEW."subject") WHERE "ticket_id" = NEW."id";
  RETURN NULL;
END $$;

CREATE TRIGGER "ticket_words_changed" AFTER UPDATE OF "subject" ON "ticket"
  FOR EACH ROW WHEN (OLD."subject" IS DISTINCT FROM NEW."subject") EXECUTE FUNCTION "perch_changed_ticket_words"();
