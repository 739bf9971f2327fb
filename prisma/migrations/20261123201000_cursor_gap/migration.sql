-- A long reading that was begun: what is older than gap_until_id is still to be read, down to since_id; then since_id
-- becomes gap_newest_id. Whoever takes over goes on there, and asks X for no page twice.
ALTER TABLE "source_cursor" ADD COLUMN     "gap_newest_id" TEXT,
ADD COLUMN     "gap_until_id" TEXT;
