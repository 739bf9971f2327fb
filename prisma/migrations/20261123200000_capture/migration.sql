-- What X may do to a post after we took it in: edit it, delete it; and what our account did with it (F77).
ALTER TABLE "comment" ADD COLUMN     "deleted_at" TIMESTAMPTZ(3),
ADD COLUMN     "edited_at" TIMESTAMPTZ(3),
ADD COLUMN     "favorited" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "retweeted" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "version_id" TEXT;

CREATE TABLE "comment_version" (
    "comment_id" UUID NOT NULL,
    "version_id" TEXT NOT NULL,
    "body" TEXT NOT NULL,
    "posted_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "comment_version_pkey" PRIMARY KEY ("comment_id","version_id")
);
ALTER TABLE "comment_version" ADD CONSTRAINT "comment_version_comment_id_fkey" FOREIGN KEY ("comment_id") REFERENCES "comment"("id") ON DELETE CASCADE ON UPDATE CASCADE;
CREATE INDEX "comment_version_id_idx" ON "comment"("version_id") WHERE (version_id IS NOT NULL);

ALTER TABLE "incoming_post" ADD COLUMN     "edited_at" TIMESTAMPTZ(3),
ADD COLUMN     "version_id" TEXT;

-- A deletion that X told before the post itself.
CREATE TABLE "deleted_post" (
    "id" TEXT NOT NULL,
    "deleted_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "deleted_post_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "deleted_post_received_at_idx" ON "deleted_post"("received_at");

ALTER TABLE "workspace" ADD COLUMN     "redact_deleted_posts" BOOLEAN NOT NULL DEFAULT true;

-- A ticket with 5,000 comments takes no more from X (F24), and is in the way of no other.
ALTER TABLE "ticket" ADD COLUMN     "import_stopped_at" TIMESTAMPTZ(3);
DROP INDEX "ticket_one_open_per_thread";
CREATE UNIQUE INDEX "ticket_one_open_per_thread" ON "ticket"("account_id", "channel", "thread_key", "requester_id") WHERE (status <> 'CLOSED' AND import_stopped_at IS NULL);
