// Every source under native/ is in native/sources.json exactly once: both build systems read that list.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const native = fileURLToPath(new URL('../../native/', import.meta.url))
const { standard, defines, cflags, hardening, ldflags, video, ...lists } = JSON.parse(
  readFileSync(`${native}sources.json`, 'utf8'),
)
const listed = [...Object.values(lists), ...Object.values(video)].flat()
const present = readdirSync(native, { recursive: true }).filter((file) => /\.(cc|cu)$/.test(file))
const problems = [
  ...present.filter((file) => !listed.includes(file)).map((file) => `native/${file} is not in native/sources.json`),
  ...listed
    .filter((file) => !present.includes(file))
    .map((file) => `native/sources.json names ${file}, which is not there`),
  ...listed.filter((file, i) => listed.indexOf(file) !== i).map((file) => `native/sources.json names ${file} twice`),
]
for (const problem of problems) console.error(problem)
process.exitCode = problems.length > 0 ? 1 : 0
