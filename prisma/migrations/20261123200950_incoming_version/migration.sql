-- Every batch asks for posts by any of their versions: without this, it reads all that wait.
CREATE INDEX "incoming_post_version_id_idx" ON "incoming_post"("version_id") WHERE (version_id IS NOT NULL);
