import type pg from 'pg'

/*
 * COPY … FROM STDIN over `pg`, which has no call for it: PostgreSQL answers the statement with CopyInResponse, and the
 * data goes out as CopyData ('d') and CopyDone ('c') messages (PostgreSQL manual, "Message Formats").
 */

/** Copies `text` (COPY's text format) into what `into` names: a table, with its columns. Rejects when it is refused. */
export function copyIn(client: pg.ClientBase, into: string, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    client.query({
      submit: (connection: pg.Connection) => connection.query(`COPY ${into} FROM STDIN`),
      handleCopyInResponse({ stream }: pg.Connection) {
        const data = Buffer.from(text)
        const head = Buffer.from('d\0\0\0\0')
        head.writeInt32BE(data.length + 4, 1)
        stream.write(Buffer.concat([head, data, Buffer.from('c\0\0\0\x04')]))
      },
      handleCommandComplete() {},
      handleError: (error: Error) => reject(error),
      handleReadyForQuery: () => resolve(),
    })
  })
}

type Value = string | number | boolean | null | undefined

/** Rows in COPY's text format. */
export function copyText(rows: readonly (readonly Value[])[]): string {
  return rows.map((row) => `${row.map(field).join('\t')}\n`).join('')
}

function field(value: Value): string {
  if (value === null || value === undefined) return '\\N'
  return String(value).replace(/[\\\t\n\r]/g, (character) => ESCAPES[character] ?? character)
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }
