-- What X's webhooks brought and no worker has read yet.
CREATE TABLE "activity_delivery" (
    "id" BIGSERIAL NOT NULL,
    "body" TEXT NOT NULL,
    "digest" TEXT NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "activity_delivery_pkey" PRIMARY KEY ("id")
);

CREATE UNIQUE INDEX "activity_delivery_digest_key" ON "activity_delivery"("digest");

-- How far the Activity stream has come: one row.
CREATE TABLE "activity_stream" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "connected_at" TIMESTAMPTZ(3),
    "alive_at" TIMESTAMPTZ(3),

    CONSTRAINT "activity_stream_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "activity_stream_one_row" CHECK (id = 1)
);

INSERT INTO "activity_stream" (id) VALUES (1);

-- The webhooks that Perch registered at X: only these are its own to remove.
CREATE TABLE "activity_webhook" (
    "id" TEXT NOT NULL,
    "url" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "activity_webhook_pkey" PRIMARY KEY ("id")
);
