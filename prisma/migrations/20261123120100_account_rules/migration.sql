-- The rules about accounts that hold whatever the program does. src/domain/account.ts says them in words that a person
-- understands, first; these are the net under it. In a migration of their own: PostgreSQL takes no new enum value
-- ('UNLINKED') in the transaction that adds it.

-- Accounts from before: they have captured since they were connected, and nobody knows of an earlier silence.
UPDATE "account" SET captures_from = created_at;
UPDATE "account" SET manual_conversion = true WHERE NOT capture_mentions;
UPDATE "account" SET deactivated_at = updated_at WHERE status = 'DEACTIVATED';
UPDATE "account" SET deauthorized_at = updated_at, deauthorization_cause = 'REFUSED' WHERE status = 'DEAUTHORIZED';

-- F15: posts are converted by hand where they do not become tickets by themselves.
ALTER TABLE "account" ADD CONSTRAINT "account_conversion_or_capture" CHECK (NOT (manual_conversion AND capture_mentions));
-- The status and the times that it stands for.
ALTER TABLE "account" ADD CONSTRAINT "account_unlinked_has_time" CHECK ((status = 'UNLINKED') = (unlinked_at IS NOT NULL));
ALTER TABLE "account" ADD CONSTRAINT "account_deactivated_has_time" CHECK (status <> 'DEACTIVATED' OR deactivated_at IS NOT NULL);
ALTER TABLE "account" ADD CONSTRAINT "account_active_is_not_deactivated" CHECK (status <> 'ACTIVE' OR deactivated_at IS NULL);
ALTER TABLE "account" ADD CONSTRAINT "account_deauthorized_has_cause"
  CHECK ((status = 'DEAUTHORIZED') = (deauthorized_at IS NOT NULL) AND (deauthorized_at IS NULL) = (deauthorization_cause IS NULL));
-- F7: what was unlinked answers nobody.
ALTER TABLE "account" ADD CONSTRAINT "account_default_is_linked" CHECK (status <> 'UNLINKED' OR NOT is_default);
ALTER TABLE "account" ADD CONSTRAINT "account_inactivity_steps" CHECK (inactivity_warned_days IN (0, 10, 15, 19));

-- F39: only direct messages that are captured can be encrypted ones.
ALTER TABLE "account_xchat" ADD CONSTRAINT "account_xchat_captures" CHECK (capture_direct_messages);
-- Confirmed means: the key is there. Replaced keys stay, for the messages of their time.
ALTER TABLE "account_xchat" ADD CONSTRAINT "account_xchat_confirmed_has_key" CHECK (
  CASE status WHEN 'CONFIRMED' THEN secret_key IS NOT NULL AND key_version IS NOT NULL AND confirmed_at IS NOT NULL
    WHEN 'KEYS_REPLACED' THEN TRUE ELSE secret_key IS NULL END);

ALTER TABLE "account_credential" ADD CONSTRAINT "account_credential_refused_since"
  CHECK (refusals >= 0 AND (refusals = 0) = (refused_since IS NULL));

-- F1, F2: one handle on the Support plan, five on Suite; deactivated ones count, unlinked ones do not.
CREATE FUNCTION account_within_plan() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  plan "Plan";
  most int;
BEGIN
  IF NEW.status = 'UNLINKED' THEN RETURN NEW; END IF;
  IF TG_OP = 'INSERT' OR OLD.status = 'UNLINKED' THEN
    -- The lock makes those that connect at once count one after the other.
    SELECT w.plan INTO plan FROM workspace w WHERE w.id = 1 FOR UPDATE;
    most := CASE plan WHEN 'SUPPORT' THEN 1 ELSE 5 END;
    IF (SELECT count(*) FROM account a WHERE a.status <> 'UNLINKED' AND a.id <> NEW.id) >= most THEN
      RAISE EXCEPTION 'the % plan has room for % X accounts', plan, most
        USING ERRCODE = 'check_violation', CONSTRAINT = 'account_plan_handles', TABLE = 'account';
    END IF;
  END IF;
  IF NEW.capture_direct_messages AND (TG_OP = 'INSERT' OR NOT OLD.capture_direct_messages) THEN
    SELECT w.plan INTO plan FROM workspace w WHERE w.id = 1 FOR SHARE;
    IF plan = 'SUPPORT' THEN
      RAISE EXCEPTION 'the SUPPORT plan has no direct messages'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'account_plan_direct_messages', TABLE = 'account';
    END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER account_within_plan BEFORE INSERT OR UPDATE OF status, capture_direct_messages ON "account"
  FOR EACH ROW EXECUTE FUNCTION account_within_plan();
