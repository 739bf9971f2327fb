-- Lists of incoming posts: those of a state, or of an account in a state, by time; those alike by id.
DROP INDEX "incoming_post_account_id_state_posted_at_idx";
CREATE INDEX "incoming_post_state_posted_at_id_idx" ON "incoming_post"("state", "posted_at", "id");
CREATE INDEX "incoming_post_account_id_state_posted_at_id_idx" ON "incoming_post"("account_id", "state", "posted_at", "id");

-- They are searched by their words, and by their author's handle, however it is spelled.
CREATE INDEX "incoming_post_text_words" ON "incoming_post" USING gin (to_tsvector('simple', text));
CREATE INDEX "x_profile_username_folded" ON "x_profile"(lower(username));
