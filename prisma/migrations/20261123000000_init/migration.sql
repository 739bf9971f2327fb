-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateEnum
CREATE TYPE "Plan" AS ENUM ('SUPPORT', 'SUITE');

-- CreateEnum
CREATE TYPE "UserRole" AS ENUM ('ADMIN', 'AGENT', 'END_USER');

-- CreateEnum
CREATE TYPE "AccountStatus" AS ENUM ('ACTIVE', 'DEACTIVATED', 'DEAUTHORIZED');

-- CreateEnum
CREATE TYPE "TicketStatus" AS ENUM ('NEW', 'OPEN', 'PENDING', 'HOLD', 'SOLVED', 'CLOSED');

-- CreateEnum
CREATE TYPE "TicketPriority" AS ENUM ('LOW', 'NORMAL', 'HIGH', 'URGENT');

-- CreateEnum
CREATE TYPE "TicketChannel" AS ENUM ('X_CORP', 'X_CORP_DM', 'X_CORP_LIKE');

-- CreateEnum
CREATE TYPE "CommentDirection" AS ENUM ('INBOUND', 'OUTBOUND');

-- CreateEnum
CREATE TYPE "CommentVisibility" AS ENUM ('PUBLIC', 'PRIVATE');

-- CreateEnum
CREATE TYPE "CommentChannel" AS ENUM ('X_POST', 'X_DM', 'X_CHAT', 'EMAIL', 'WEB', 'API');

-- CreateEnum
CREATE TYPE "DeliveryState" AS ENUM ('QUEUED', 'SENDING', 'SENT', 'FAILED', 'UNKNOWN');

-- CreateEnum
CREATE TYPE "IncomingPostState" AS ENUM ('WAITING', 'CONVERTED', 'IGNORED');

-- CreateEnum
CREATE TYPE "JobStatus" AS ENUM ('QUEUED', 'WORKING', 'COMPLETED', 'FAILED', 'CANCELLED');

-- CreateTable
CREATE TABLE "workspace" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "name" TEXT NOT NULL DEFAULT 'Perch',
    "plan" "Plan" NOT NULL DEFAULT 'SUITE',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "workspace_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "user" (
    "id" UUID NOT NULL,
    "role" "UserRole" NOT NULL,
    "name" TEXT NOT NULL,
    "email" TEXT,
    "active" BOOLEAN NOT NULL DEFAULT true,
    "x_profile_id" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "user_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "group" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "group_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "group_membership" (
    "user_id" UUID NOT NULL,
    "group_id" UUID NOT NULL,

    CONSTRAINT "group_membership_pkey" PRIMARY KEY ("user_id","group_id")
);

-- CreateTable
CREATE TABLE "x_profile" (
    "id" TEXT NOT NULL,
    "username" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "avatar_url" TEXT,
    "followers_count" INTEGER,
    "posts_count" INTEGER,
    "verified" BOOLEAN NOT NULL DEFAULT false,
    "verified_type" TEXT,
    "protected" BOOLEAN NOT NULL DEFAULT false,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "x_profile_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "account" (
    "id" UUID NOT NULL,
    "x_user_id" TEXT NOT NULL,
    "screen_name" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "avatar_url" TEXT,
    "brand_id" TEXT,
    "status" "AccountStatus" NOT NULL DEFAULT 'ACTIVE',
    "capture_mentions" BOOLEAN NOT NULL DEFAULT true,
    "capture_direct_messages" BOOLEAN NOT NULL DEFAULT false,
    "track_likes" BOOLEAN NOT NULL DEFAULT false,
    "allow_replies" BOOLEAN NOT NULL DEFAULT true,
    "is_default" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "account_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "account_credential" (
    "account_id" UUID NOT NULL,
    "access_token" TEXT NOT NULL,
    "refresh_token" TEXT,
    "scopes" TEXT[],
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "account_credential_pkey" PRIMARY KEY ("account_id")
);

-- CreateTable
CREATE TABLE "source_cursor" (
    "account_id" UUID NOT NULL,
    "source" TEXT NOT NULL,
    "since_id" TEXT,
    "synced_at" TIMESTAMPTZ(3),

    CONSTRAINT "source_cursor_pkey" PRIMARY KEY ("account_id","source")
);

-- CreateTable
CREATE TABLE "lease" (
    "name" TEXT NOT NULL,
    "holder" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "lease_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "worker_process" (
    "id" TEXT NOT NULL,
    "heartbeat_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "worker_process_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "incoming_post" (
    "id" TEXT NOT NULL,
    "account_id" UUID NOT NULL,
    "author_id" TEXT NOT NULL,
    "conversation_id" TEXT NOT NULL,
    "in_reply_to_post_id" TEXT,
    "text" TEXT NOT NULL,
    "state" "IncomingPostState" NOT NULL,
    "reason" TEXT,
    "ticket_id" UUID,
    "posted_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "incoming_post_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ticket" (
    "id" UUID NOT NULL,
    "number" SERIAL NOT NULL,
    "subject" TEXT NOT NULL,
    "status" "TicketStatus" NOT NULL DEFAULT 'NEW',
    "priority" "TicketPriority",
    "channel" "TicketChannel" NOT NULL,
    "account_id" UUID NOT NULL,
    "requester_id" UUID NOT NULL,
    "assignee_id" UUID,
    "group_id" UUID,
    "tags" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "thread_key" TEXT NOT NULL,
    "source_post_id" TEXT,
    "follow_up_of_id" UUID,
    "comment_count" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "solved_at" TIMESTAMPTZ(3),

    CONSTRAINT "ticket_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "comment" (
    "id" UUID NOT NULL,
    "ticket_id" UUID NOT NULL,
    "author_id" UUID,
    "direction" "CommentDirection" NOT NULL,
    "visibility" "CommentVisibility" NOT NULL,
    "channel" "CommentChannel" NOT NULL,
    "body" TEXT NOT NULL,
    "external_id" TEXT,
    "delivery_state" "DeliveryState",
    "delivery_error" TEXT,
    "posted_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "comment_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "dead_letter" (
    "id" UUID NOT NULL,
    "source" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "payload" TEXT NOT NULL,
    "digest" TEXT NOT NULL,
    "occurrences" INTEGER NOT NULL DEFAULT 1,
    "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "dead_letter_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "event_log_head" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "epoch" TEXT NOT NULL,
    "identity" TEXT NOT NULL,
    "head" BIGINT NOT NULL DEFAULT 0,
    "floor" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "event_log_head_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "event" (
    "offset" BIGINT NOT NULL,
    "type" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "actor" JSONB NOT NULL,
    "ticket_id" UUID,
    "account_id" UUID,
    "data" JSONB NOT NULL,

    CONSTRAINT "event_pkey" PRIMARY KEY ("offset")
);

-- CreateTable
CREATE TABLE "job" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "status" "JobStatus" NOT NULL DEFAULT 'QUEUED',
    "total" INTEGER NOT NULL DEFAULT 0,
    "done" INTEGER NOT NULL DEFAULT 0,
    "failed" INTEGER NOT NULL DEFAULT 0,
    "input" JSONB NOT NULL,
    "created_by_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "job_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "job_result" (
    "job_id" UUID NOT NULL,
    "index" INTEGER NOT NULL,
    "object_id" UUID NOT NULL,
    "outcome" TEXT NOT NULL,
    "error" TEXT,

    CONSTRAINT "job_result_pkey" PRIMARY KEY ("job_id","index")
);

-- CreateIndex
CREATE UNIQUE INDEX "user_email_key" ON "user"("email");

-- CreateIndex
CREATE UNIQUE INDEX "user_x_profile_id_key" ON "user"("x_profile_id");

-- CreateIndex
CREATE UNIQUE INDEX "group_name_key" ON "group"("name");

-- CreateIndex
CREATE INDEX "group_membership_group_id_idx" ON "group_membership"("group_id");

-- CreateIndex
CREATE INDEX "x_profile_username_idx" ON "x_profile"("username");

-- CreateIndex
CREATE UNIQUE INDEX "account_x_user_id_key" ON "account"("x_user_id");

-- CreateIndex
CREATE UNIQUE INDEX "account_one_default" ON "account"("is_default") WHERE (is_default);

-- CreateIndex
CREATE INDEX "incoming_post_account_id_state_posted_at_idx" ON "incoming_post"("account_id", "state", "posted_at" DESC);

-- CreateIndex
CREATE INDEX "incoming_post_author_id_idx" ON "incoming_post"("author_id");

-- CreateIndex
CREATE INDEX "incoming_post_ticket_id_idx" ON "incoming_post"("ticket_id");

-- CreateIndex
CREATE UNIQUE INDEX "ticket_number_key" ON "ticket"("number");

-- CreateIndex
CREATE UNIQUE INDEX "ticket_source_post_id_key" ON "ticket"("source_post_id");

-- CreateIndex
CREATE INDEX "ticket_created_at_id_idx" ON "ticket"("created_at", "id");

-- CreateIndex
CREATE INDEX "ticket_updated_at_id_idx" ON "ticket"("updated_at", "id");

-- CreateIndex
CREATE INDEX "ticket_status_created_at_id_idx" ON "ticket"("status", "created_at", "id");

-- CreateIndex
CREATE INDEX "ticket_account_id_updated_at_idx" ON "ticket"("account_id", "updated_at");

-- CreateIndex
CREATE INDEX "ticket_account_id_created_at_idx" ON "ticket"("account_id", "created_at");

-- CreateIndex
CREATE INDEX "ticket_requester_id_created_at_idx" ON "ticket"("requester_id", "created_at");

-- CreateIndex
CREATE INDEX "ticket_assignee_id_status_created_at_idx" ON "ticket"("assignee_id", "status", "created_at");

-- CreateIndex
CREATE INDEX "ticket_group_id_status_created_at_idx" ON "ticket"("group_id", "status", "created_at");

-- CreateIndex
CREATE INDEX "ticket_channel_thread_key_idx" ON "ticket"("channel", "thread_key");

-- CreateIndex
CREATE INDEX "ticket_tags_idx" ON "ticket" USING GIN ("tags");

-- CreateIndex
CREATE UNIQUE INDEX "ticket_one_open_per_thread" ON "ticket"("account_id", "channel", "thread_key", "requester_id") WHERE (status <> 'CLOSED');

-- CreateIndex
CREATE INDEX "comment_ticket_id_posted_at_id_idx" ON "comment"("ticket_id", "posted_at", "id");

-- CreateIndex
CREATE INDEX "comment_author_id_idx" ON "comment"("author_id");

-- CreateIndex
CREATE UNIQUE INDEX "comment_one_per_external_id" ON "comment"("channel", "external_id");

-- CreateIndex
CREATE UNIQUE INDEX "dead_letter_digest_key" ON "dead_letter"("digest");

-- CreateIndex
CREATE INDEX "event_ticket_id_offset_idx" ON "event"("ticket_id", "offset");

-- AddForeignKey
ALTER TABLE "user" ADD CONSTRAINT "user_x_profile_id_fkey" FOREIGN KEY ("x_profile_id") REFERENCES "x_profile"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "group_membership" ADD CONSTRAINT "group_membership_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "group_membership" ADD CONSTRAINT "group_membership_group_id_fkey" FOREIGN KEY ("group_id") REFERENCES "group"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "account_credential" ADD CONSTRAINT "account_credential_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "source_cursor" ADD CONSTRAINT "source_cursor_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "incoming_post" ADD CONSTRAINT "incoming_post_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "incoming_post" ADD CONSTRAINT "incoming_post_author_id_fkey" FOREIGN KEY ("author_id") REFERENCES "x_profile"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "incoming_post" ADD CONSTRAINT "incoming_post_ticket_id_fkey" FOREIGN KEY ("ticket_id") REFERENCES "ticket"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ticket" ADD CONSTRAINT "ticket_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ticket" ADD CONSTRAINT "ticket_requester_id_fkey" FOREIGN KEY ("requester_id") REFERENCES "user"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ticket" ADD CONSTRAINT "ticket_assignee_id_fkey" FOREIGN KEY ("assignee_id") REFERENCES "user"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ticket" ADD CONSTRAINT "ticket_group_id_fkey" FOREIGN KEY ("group_id") REFERENCES "group"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ticket" ADD CONSTRAINT "ticket_follow_up_of_id_fkey" FOREIGN KEY ("follow_up_of_id") REFERENCES "ticket"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "comment" ADD CONSTRAINT "comment_ticket_id_fkey" FOREIGN KEY ("ticket_id") REFERENCES "ticket"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "comment" ADD CONSTRAINT "comment_author_id_fkey" FOREIGN KEY ("author_id") REFERENCES "user"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "job_result" ADD CONSTRAINT "job_result_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE CASCADE;


-- What Prisma's schema cannot say ---------------------------------------------------------------

-- One deployment, one workspace; one log.
ALTER TABLE "workspace" ADD CONSTRAINT "workspace_single_row" CHECK (id = 1);
ALTER TABLE "event_log_head" ADD CONSTRAINT "event_log_head_single_row" CHECK (id = 1);
ALTER TABLE "event_log_head" ADD CONSTRAINT "event_log_head_floor_below_head" CHECK (floor >= 0 AND floor <= head);
INSERT INTO "workspace" (id) VALUES (1);

-- F10: only an account that allows replies can be the default.
ALTER TABLE "account" ADD CONSTRAINT "account_default_allows_replies" CHECK (NOT is_default OR allow_replies);

-- A requester is known by e-mail, X profile, or both; people who work tickets have an e-mail address.
ALTER TABLE "user" ADD CONSTRAINT "user_staff_has_email" CHECK (role = 'END_USER' OR email IS NOT NULL);

-- What is waiting has no ticket; what is converted has one, or had its comment kept elsewhere.
ALTER TABLE "incoming_post" ADD CONSTRAINT "incoming_post_converted_has_ticket" CHECK ((state = 'CONVERTED') = (ticket_id IS NOT NULL));

-- Only what we send has a delivery state.
ALTER TABLE "comment" ADD CONSTRAINT "comment_delivery_is_outbound" CHECK (delivery_state IS NULL OR direction = 'OUTBOUND');
ALTER TABLE "job" ADD CONSTRAINT "job_progress" CHECK (done >= 0 AND failed >= 0 AND failed <= done AND done <= total);

-- Tickets are searched by their words.
CREATE INDEX "ticket_subject_words" ON "ticket" USING gin (to_tsvector('simple', subject));
CREATE INDEX "comment_body_words" ON "comment" USING gin (to_tsvector('simple', body));

-- Which database this is: a restore, a promotion or a copy changes it, and with it the log's epoch.
CREATE FUNCTION "perch_log_identity"() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT (SELECT system_identifier FROM pg_control_system())::text
    || '/' || CASE WHEN pg_is_in_recovery() THEN 'recovery' ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END
    || '/' || (SELECT oid FROM pg_database WHERE datname = current_database())::text
$$;
INSERT INTO "event_log_head" (id, epoch, identity) VALUES (1, substr(md5(gen_random_uuid()::text), 1, 12), perch_log_identity());
