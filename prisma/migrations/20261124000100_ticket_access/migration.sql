-- F54: agents may be restricted to the tickets of their groups, or to their own.
CREATE TYPE "TicketAccess" AS ENUM ('ALL', 'GROUPS', 'ASSIGNED');

ALTER TABLE "user" ADD COLUMN "ticket_access" "TicketAccess" NOT NULL DEFAULT 'ALL';
-- Administrators see everything; what end users see is no question of access.
ALTER TABLE "user" ADD CONSTRAINT "user_ticket_access_of_agents" CHECK ("ticket_access" = 'ALL' OR "role" = 'AGENT');

-- A deleted group stays for the closed tickets that name it; its name is free again.
ALTER TABLE "group" ADD COLUMN "deleted_at" TIMESTAMPTZ(3);
DROP INDEX "group_name_key";
CREATE UNIQUE INDEX "group_name_once" ON "group" ("name") WHERE (deleted_at IS NULL);
