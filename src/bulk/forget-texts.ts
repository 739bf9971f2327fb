import type { Prisma } from '../generated/prisma/client.ts'

/**
 * Takes the words of notes and answers out of the patches of a job that is over. They are comments by then, where
 * redaction and erasure find them; nothing asks for them here again, for a key is compared by its input's hash.
 */
export async function forgetTexts(db: Prisma.TransactionClient, jobId: string): Promise<void> {
  await forgetSharedTexts(db, jobId)
  // Where the job has the patch the items have none, and those of an undo hold old values: up to 100,000, not to be read.
  await db.$executeRaw`
    UPDATE bulk_update_item SET patch = (patch - 'comment') #- '{reply,body}'
    WHERE job_id = ${jobId}::uuid AND (patch ? 'comment' OR patch ? 'reply')
      AND (SELECT j.patch IS NULL AND j.undo_of_id IS NULL FROM bulk_update_job j WHERE j.id = ${jobId}::uuid)`
}

/** Those of the patch that all have: the job's row alone is written, whoever has locked its items. */
export async function forgetSharedTexts(db: Prisma.TransactionClient, jobId: string): Promise<void> {
  await db.$executeRaw`
    UPDATE bulk_update_job SET patch = (patch - 'comment') #- '{reply,body}'
    WHERE id = ${jobId}::uuid AND (patch ? 'comment' OR patch ? 'reply')`
}
