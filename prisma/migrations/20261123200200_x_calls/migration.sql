-- X's limits and X's prices, shared by all processes (src/x-calls).

-- CreateTable
CREATE TABLE "x_rate_limit" (
    "caller" TEXT NOT NULL,
    "endpoint" TEXT NOT NULL,
    "call_limit" INTEGER,
    "remaining" INTEGER,
    "x_reset" BIGINT,
    "resets_at" TIMESTAMPTZ(3),
    "day_limit" INTEGER,
    "day_remaining" INTEGER,
    "day_x_reset" BIGINT,
    "day_resets_at" TIMESTAMPTZ(3),
    "in_flight" INTEGER NOT NULL DEFAULT 0,
    "generation" INTEGER NOT NULL DEFAULT 0,
    "begun_at" TIMESTAMPTZ(3),
    "answered_at" TIMESTAMPTZ(3),

    CONSTRAINT "x_rate_limit_pkey" PRIMARY KEY ("caller","endpoint")
);

-- CreateTable
CREATE TABLE "x_spend" (
    "caller" TEXT NOT NULL,
    "day" DATE NOT NULL,
    "kind" TEXT NOT NULL,
    "calls" BIGINT NOT NULL DEFAULT 0,
    "units" BIGINT NOT NULL DEFAULT 0,
    "micro_dollars" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "x_spend_pkey" PRIMARY KEY ("caller","day","kind")
);

-- CreateTable
CREATE TABLE "x_billed_resource" (
    "day" DATE NOT NULL,
    "resource" TEXT NOT NULL,
    "id" TEXT NOT NULL,

    CONSTRAINT "x_billed_resource_pkey" PRIMARY KEY ("day","resource","id")
);

-- AlterTable
ALTER TABLE "account" ADD COLUMN     "monthly_budget" BIGINT,
ADD COLUMN     "budget_told" TEXT,
ADD COLUMN     "budget_told_month" DATE;

-- A window whose limit is known is known altogether.
ALTER TABLE "x_rate_limit" ADD CONSTRAINT "x_rate_limit_window_whole"
  CHECK (num_nulls("call_limit", "remaining", "x_reset", "resets_at") IN (0, 4));
ALTER TABLE "x_rate_limit" ADD CONSTRAINT "x_rate_limit_day_whole"
  CHECK (num_nulls("day_limit", "day_remaining", "day_x_reset", "day_resets_at") IN (0, 4));
ALTER TABLE "x_spend" ADD CONSTRAINT "x_spend_not_negative" CHECK ("calls" >= 0 AND "units" >= 0 AND "micro_dollars" >= 0);
ALTER TABLE "account" ADD CONSTRAINT "account_budget_not_negative" CHECK ("monthly_budget" >= 0);
ALTER TABLE "account" ADD CONSTRAINT "account_budget_told_whole"
  CHECK (num_nulls("budget_told", "budget_told_month") IN (0, 2) AND "budget_told" IN ('SLOWED', 'EXHAUSTED'));
