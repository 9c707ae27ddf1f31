/** What they hold, as a table (table.ts). */
interface JsonLines {
  columns: string[]
  rows: Record<string, string>[]
  lines: number[]
  unquoted: string[]
}

/** Whether a first line is that of a table of JSON lines: an object. */
export const isJsonLine = (line: string) => /^\{.*\}\s*$/.test(line) && parsed(line) !== undefined

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/**
 * Reads a table of JSON lines (`metadata.jsonl` of Hugging Face's folders of videos): an object a line, whose names are the
 * columns. Values become texts as JSON has them, without quotes; null is none.
 *
 * @param most - longest line, in characters
 * @throws a plain Error that names the line
 */
export async function readJsonLines(text: AsyncIterable<string>, most: number): Promise<JsonLines> {
  const columns = new Set<string>()
  const quoted = new Set<string>()
  const table: JsonLines = { columns: [], rows: [], lines: [], unquoted: [] }
  let number = 0
  const take = (line: string) => {
    number++
    if (line.trim() === '') return
    const object = line.length <= most ? parsed(line) : undefined
    if (!object) throw new Error(`Line ${number} is no JSON object of at most ${most} characters`)
    const row: Record<string, string> = {}
    for (const [name, value] of Object.entries(object)) {
      columns.add(name)
      if (typeof value === 'string') quoted.add(name)
      row[name] = typeof value === 'string' ? value.trim() : value === null ? '' : JSON.stringify(value)
    }
    table.rows.push(row)
    table.lines.push(number)
  }
  let rest = ''
  for await (const piece of text) {
    const lines = `${rest}${piece}`.split('\n')
    rest = lines.pop() as string
    if (rest.length > most) take(rest)
    for (const line of lines) take(line)
  }
  take(rest)
  table.columns = [...columns]
  table.unquoted = table.columns.filter((name) => !quoted.has(name))
  for (const row of table.rows) for (const name of table.columns) row[name] ??= ''
  return table
}
