import pg from 'pg'

/**
 * The columns, as `table.column`, in which a sealed value stands (store/vault.ts), by itself or within something else;
 * of all tables, whatever schema they are in.
 */
export async function columnsWithSealedValues(databaseUrl: string): Promise<string[]> {
  const client = new pg.Client(databaseUrl)
  await client.connect()
  try {
    const { rows: columns } = await client.query<{ table: string; column: string; name: string }>(
      `SELECT format('%I.%I', table_schema, table_name) AS table, format('%I', column_name) AS column,
              table_name || '.' || column_name AS name
       FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
       WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'`,
    )
    const found: string[] = []
    for (const { table, column, name } of columns) {
      // An iv and a tag are 28 bytes, which are 38 characters.
      const { rowCount } = await client.query(
        `SELECT 1 FROM ${table} WHERE ${column}::text ~ 'v1\\.[0-9a-f]{8}\\.[A-Za-z0-9_-]{38}' LIMIT 1`,
      )
      if (rowCount) found.push(name)
    }
    return found.toSorted()
  } finally {
    await client.end()
  }
}
