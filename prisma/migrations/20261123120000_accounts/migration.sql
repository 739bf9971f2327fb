-- What an account needs to be connected by OAuth, set up, told its PIN, switched off and on, and kept authorized.

-- CreateEnum
CREATE TYPE "DeauthorizationCause" AS ENUM ('PASSWORD_CHANGED', 'APP_REMOVED', 'REFUSED', 'INACTIVE');

-- CreateEnum
CREATE TYPE "XChatStatus" AS ENUM ('PIN_REQUIRED', 'CONFIRMED', 'KEYS_REPLACED', 'NOT_REGISTERED', 'DISABLED');

-- CreateEnum
CREATE TYPE "XChatPinOutcome" AS ENUM ('CONFIRMED', 'WRONG_PIN', 'GUESSES_EXHAUSTED', 'NOT_REGISTERED', 'KEYS_REPLACED', 'REALMS_UNAVAILABLE', 'UNKNOWN');

-- CreateEnum
CREATE TYPE "XChatUnreadReason" AS ENUM ('PIN_NOT_CONFIRMED', 'KEYS_REPLACED', 'NO_CONVERSATION_KEY', 'NOT_VERIFIED', 'DAMAGED');

-- AlterEnum
ALTER TYPE "AccountStatus" ADD VALUE 'UNLINKED';

-- AlterTable
ALTER TABLE "account" ADD COLUMN     "captures_from" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
ADD COLUMN     "deactivated_at" TIMESTAMPTZ(3),
ADD COLUMN     "deauthorization_cause" "DeauthorizationCause",
ADD COLUMN     "deauthorized_at" TIMESTAMPTZ(3),
ADD COLUMN     "inactivity_warned_days" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "last_traffic_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
ADD COLUMN     "manual_conversion" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "other_direct_message_channel" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "unlinked_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "account_credential" ADD COLUMN     "granted_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
ADD COLUMN     "refusals" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "refused_since" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "account_authorization" (
    "state_hash" TEXT NOT NULL,
    "user_id" UUID NOT NULL,
    "account_id" UUID,
    "code_verifier" TEXT NOT NULL,
    "redirect_uri" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "used_at" TIMESTAMPTZ(3),

    CONSTRAINT "account_authorization_pkey" PRIMARY KEY ("state_hash")
);

-- CreateTable
CREATE TABLE "grant_revocation" (
    "id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "access_token" TEXT NOT NULL,
    "refresh_token" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "grant_revocation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "account_xchat" (
    "account_id" UUID NOT NULL,
    "capture_direct_messages" BOOLEAN NOT NULL DEFAULT true,
    "status" "XChatStatus" NOT NULL DEFAULT 'PIN_REQUIRED',
    "secret_key" TEXT,
    "key_version" TEXT,
    "confirmed_at" TIMESTAMPTZ(3),
    "guesses_left" INTEGER,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "account_xchat_pkey" PRIMARY KEY ("account_id")
);

-- CreateTable
CREATE TABLE "xchat_pin_attempt" (
    "id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "outcome" "XChatPinOutcome",

    CONSTRAINT "xchat_pin_attempt_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "xchat_message" (
    "account_id" UUID NOT NULL,
    "id" TEXT NOT NULL,
    "conversation_id" TEXT NOT NULL,
    "sender_id" TEXT NOT NULL,
    "encoded_event" TEXT NOT NULL,
    "sent_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "unread_reason" "XChatUnreadReason",

    CONSTRAINT "xchat_message_pkey" PRIMARY KEY ("account_id","id")
);

-- CreateIndex
CREATE INDEX "account_authorization_expires_at_idx" ON "account_authorization"("expires_at");

-- CreateIndex
CREATE INDEX "account_authorization_user_id_idx" ON "account_authorization"("user_id");

-- CreateIndex
CREATE INDEX "account_authorization_account_id_idx" ON "account_authorization"("account_id");

-- CreateIndex
CREATE UNIQUE INDEX "account_xchat_account_id_capture_direct_messages_key" ON "account_xchat"("account_id", "capture_direct_messages");

-- CreateIndex
CREATE INDEX "xchat_pin_attempt_account_id_started_at_idx" ON "xchat_pin_attempt"("account_id", "started_at");

-- CreateIndex
CREATE INDEX "xchat_pin_attempt_user_id_started_at_idx" ON "xchat_pin_attempt"("user_id", "started_at");

-- CreateIndex
CREATE UNIQUE INDEX "xchat_pin_attempt_one_at_a_time" ON "xchat_pin_attempt"("account_id") WHERE (outcome IS NULL);

-- CreateIndex
CREATE INDEX "xchat_message_account_id_unread_reason_idx" ON "xchat_message"("account_id", "unread_reason");

-- CreateIndex
CREATE UNIQUE INDEX "account_id_capture_direct_messages_key" ON "account"("id", "capture_direct_messages");

-- AddForeignKey
ALTER TABLE "account_authorization" ADD CONSTRAINT "account_authorization_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "account_authorization" ADD CONSTRAINT "account_authorization_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "account_xchat" ADD CONSTRAINT "account_xchat_account_id_capture_direct_messages_fkey" FOREIGN KEY ("account_id", "capture_direct_messages") REFERENCES "account"("id", "capture_direct_messages") ON DELETE CASCADE ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "xchat_pin_attempt" ADD CONSTRAINT "xchat_pin_attempt_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "xchat_pin_attempt" ADD CONSTRAINT "xchat_pin_attempt_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "xchat_message" ADD CONSTRAINT "xchat_message_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;
