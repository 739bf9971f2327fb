-- The requester's page, ticket links, and how requesters sign in (F50-F53).

CREATE TYPE "TicketLinks" AS ENUM ('ALWAYS', 'AGENT_DECIDES');
CREATE TYPE "TicketLinkForm" AS ENUM ('SHORT', 'ORIGINAL');

ALTER TABLE "workspace"
    ADD COLUMN "requester_page" BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN "requester_sign_in" BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN "ticket_links" "TicketLinks" NOT NULL DEFAULT 'ALWAYS',
    ADD COLUMN "ticket_link_form" "TicketLinkForm" NOT NULL DEFAULT 'SHORT',
    -- F50, F51: nobody signs in to a page that is not there.
    ADD CONSTRAINT "workspace_sign_in_needs_page" CHECK ("requester_page" OR NOT "requester_sign_in");

CREATE TABLE "ticket_link" (
    "ticket_id" UUID NOT NULL,
    "code" TEXT NOT NULL,
    "shortened_url" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ticket_link_pkey" PRIMARY KEY ("ticket_id"),
    CONSTRAINT "ticket_link_code_form" CHECK ("code" ~ '^[0-9A-Za-z]{10}$')
);

CREATE UNIQUE INDEX "ticket_link_code_key" ON "ticket_link"("code");

ALTER TABLE "ticket_link" ADD CONSTRAINT "ticket_link_ticket_id_fkey"
    FOREIGN KEY ("ticket_id") REFERENCES "ticket"("id") ON DELETE CASCADE ON UPDATE CASCADE;

CREATE TABLE "requester_sign_in" (
    "state_hash" TEXT NOT NULL,
    "browser_hash" TEXT NOT NULL,
    "code_verifier" TEXT NOT NULL,
    "redirect_uri" TEXT NOT NULL,
    "return_to" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "used_at" TIMESTAMPTZ(3),

    CONSTRAINT "requester_sign_in_pkey" PRIMARY KEY ("state_hash")
);

CREATE INDEX "requester_sign_in_expires_at_idx" ON "requester_sign_in"("expires_at");

CREATE TABLE "email_confirmation" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "email" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    -- It was confirmed, or another one took its place.
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "email_confirmation_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "email_confirmation_user_id_created_at_idx" ON "email_confirmation"("user_id", "created_at");
CREATE UNIQUE INDEX "email_confirmation_one_open" ON "email_confirmation"("user_id") WHERE (ended_at IS NULL);

ALTER TABLE "email_confirmation" ADD CONSTRAINT "email_confirmation_user_id_fkey"
    FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;
