import { FILTERS, schemaFile, withSchemaEngine } from './schema-engine.ts'

/**
 * What separates a migrated database from prisma/schema.prisma, as the SQL that would close the gap;
 * undefined when nothing does. Sees tables, columns, enums, foreign keys and indexes of our schema. What
 * Prisma cannot say (CHECKs, functions, expression indexes) is invisible to it, so it is not drift.
 */
export async function checkDrift(databaseUrl: string): Promise<string | undefined> {
  const files = [schemaFile()]
  return withSchemaEngine(databaseUrl, async ({ engine }) => {
    const difference = await engine.diff({
      from: { tag: 'schemaDatasource', files, configDir: process.cwd() },
      to: { tag: 'schemaDatamodel', files },
      script: true,
      exitCode: true,
      filters: FILTERS,
    })
    return difference.exitCode === 0 ? undefined : (difference.stdout ?? 'unknown')
  })
}
