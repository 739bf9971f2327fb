-- F77: whom our accounts follow, as far as X has shown it.
CREATE TABLE "x_follow" (
    "account_id" UUID NOT NULL,
    "x_user_id" TEXT NOT NULL,
    "following" BOOLEAN NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "x_follow_pkey" PRIMARY KEY ("account_id","x_user_id")
);
ALTER TABLE "x_follow" ADD CONSTRAINT "x_follow_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;
