-- Which likes of our accounts were seen, by whatever source: X says neither when a like was made nor which are new.
CREATE TABLE "liked_post" (
    "account_id" UUID NOT NULL,
    "post_id" TEXT NOT NULL,

    CONSTRAINT "liked_post_pkey" PRIMARY KEY ("account_id","post_id")
);
ALTER TABLE "liked_post" ADD CONSTRAINT "liked_post_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;
