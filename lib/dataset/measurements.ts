import { InfomotionError } from '../runtime/errors.js'
import { column } from './columns.js'
import { firstOf, sameKey, shown } from './labels.js'
import type { TableFile } from './reading.js'

/**
 * EchoNet-LVH's table has a row a measurement, several a video: what was measured in `Calc` (LVIDd, IVSd, LVPWd, LVIDs), how
 * much in `CalcValue`. One of them is read, a row a video.
 *
 * @throws {InfomotionError} `DATASET_MEASUREMENT` where it is not said which, or there is none of that name
 */
export function chooseMeasurement(
  one: TableFile,
  measurement: string | undefined,
): TableFile & { notes: readonly string[] } {
  const { file, table, mapped } = one
  const what = column(table, 'Calc')
  const isMeasured = what !== undefined && mapped.mapping.label === column(table, 'CalcValue')
  if (!isMeasured) {
    if (measurement === undefined) return { ...one, notes: [] }
    throw new InfomotionError(
      'DATASET_COLUMN_MISSING',
      `${file} has no columns Calc and CalcValue that --measurement (option measurement) could be about.`,
    )
  }
  const counts = new Map<string, number>()
  for (const row of table.rows) counts.set(row[what], (counts.get(row[what]) ?? 0) + 1)
  const wanted = measurement ?? (counts.size === 1 ? [...counts.keys()][0] : undefined)
  const name = [...counts.keys()].find((key) => wanted !== undefined && sameKey(key) === sameKey(wanted))
  if (name === undefined) {
    const found = firstOf(
      [...counts].map(([key, count]) => `${shown(key)} (${count} rows)`),
      20,
    )
    throw new InfomotionError(
      'DATASET_MEASUREMENT',
      `${file} has several measurements a video, ${found}${wanted === undefined ? '' : `, and none called ${shown(wanted)}`}. ` +
        `Say which is the label: --measurement ${[...counts.keys()][0] ?? 'NAME'} (option measurement).`,
    )
  }
  const { path, label } = mapped.mapping
  const seen = new Map<string, string>()
  const differing = new Set<string>()
  const kept = [...table.rows.keys()].filter((i) => {
    const row = table.rows[i]
    if (row[what] !== name) return false
    const known = seen.get(row[path])
    if (known === undefined) seen.set(row[path], row[label])
    else if (known !== row[label]) differing.add(row[path])
    return known === undefined
  })
  const warnings = [...table.warnings]
  if (differing.size > 0)
    warnings.push(
      `${differing.size} videos have several values of ${name}, of which the first is taken: ${firstOf([...differing])}.`,
    )
  const rows = kept.map((i) => table.rows[i])
  const lines = kept.map((i) => table.lines[i])
  return { ...one, table: { ...table, rows, lines, warnings }, notes: [`The label is the measurement ${shown(name)}.`] }
}
