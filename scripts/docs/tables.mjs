// `node scripts/docs/tables.mjs [FILE.json...]`: writes the tables of README.md, docs/benchmarks.md and docs/evidence.md from
// the measurements in docs/benchmarks/ and docs/evidence/, and the picture docs/evidence.svg, so that none of their numbers is typed by hand. A FILE is what
// `npm run --silent bench:NAME -- --json` printed, called NAME.json or, for a run of another kind, NAME-KIND.json (flow-avx2.json);
// it takes the place of the measurement of that name. A table replaces what stands between <!-- NAME --> and <!-- /NAME -->.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { costTable, curve, headlineTable, setTable, table } from './evidence.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
export const PAGES = ['README.md', 'docs/benchmarks.md', 'docs/evidence.md']

/** Every stored measurement: { benchmarks: { flow, ... }, evidence: { phantom, ... } }. */
export function measurements() {
  const folder = (name) => {
    const files = readdirSync(join(root, 'docs', name)).filter((file) => file.endsWith('.json'))
    return Object.fromEntries(files.map((file) => [basename(file, '.json'), read(join('docs', name, file))]))
  }
  return { benchmarks: folder('benchmarks'), evidence: folder('evidence') }
}

/** The text of a page with its tables written anew. */
export function withTables(page, text, { benchmarks, evidence }) {
  const tables = {
    ...Object.fromEntries(Object.entries(benchmarks).map(([name, run]) => [`bench:${name}`, () => benchTable(run)])),
    engines: () => enginesTable(benchmarks),
    ...Object.fromEntries(
      Object.values(evidence).flatMap((set) =>
        ['linear', 'cnn'].map((student) => [`evidence:${set.name}:${student}`, () => setTable(set, student)]),
      ),
    ),
    sets: () => headlineTable(evidence),
    cost: () => costTable(evidence),
  }
  return text.replace(/(<!-- ([\w:-]+) -->\n).*?(<!-- \/\2 -->)/gs, (_, start, name, end) => {
    if (!Object.hasOwn(tables, name)) throw new Error(`${page}: there is no measurement for the table "${name}"`)
    return `${start}${tables[name]()}\n${end}`
  })
}

// ---- Benchmarks: every row, and one row an engine.

function benchTable({ machine, versions, note, rows }) {
  const used = Object.entries(versions ?? {}).map(([key, value]) => `${key} ${value}`)
  const where = [machine && `${machine.cpu}, ${machine.cores} cores`, used.join(', ')].filter(Boolean).join('; ')
  const body = rows.map(({ name, ours, peer, peerName, unit, ratio, quality, reason }) => [
    name,
    ours === null ? unit : `${short(ours)} ${unit}`,
    peer === null ? (reason ?? peerName) : `${short(peer)} (${peerName})`,
    ratio === null ? '' : short(ratio),
    Object.entries(quality)
      .map(([key, value]) => `${key}: ${short(value)}`)
      .join('; '),
  ])
  return `${note ?? `${where}.`}\n\n${table(['what', 'ours', 'peer', 'ratio', 'quality'], body)}`
}

/** What README says of each engine: over which of its rows, and the quality that they have in common. */
const ENGINES = [
  {
    ...{ run: 'flow', peer: 'OpenCV', rows: ({ unit }) => unit === 'ms CPU/pair' },
    name: (rows) => `[optical flow](docs/flow.md), one thread, ${size(rows[0])} to ${size(rows.at(-1))}`,
    quality: (rows) => `at most ${short(Math.max(...rows.map((row) => row.quality['max difference, px'])))} px apart`,
  },
  {
    ...{ run: 'infomap', peer: 'Infomap (PyPI)' },
    rows: ({ unit, peerName }) => unit === 'ms CPU/trial' && peerName === 'Infomap (PyPI)',
    name: (rows) => `[map equation](docs/infomap.md), ${rows.length} networks`,
    quality: (rows) => `codelength differs by ${range(rows.map((row) => row.quality['difference, %']))} %`,
  },
  {
    ...{ run: 'graph', peer: 'ONNX Runtime' },
    rows: ({ name, peerName }) => name.endsWith('cosine') && peerName.startsWith('ONNX Runtime'),
    name: (rows) => `exact nearest neighbours, ${size(rows[0])}`,
    quality: ([{ quality }]) => `recall ${short(quality['recall, ours'])}, peer's ${short(quality["recall, peer's"])}`,
  },
  {
    ...{ run: 'features', peer: 'OpenCV, NumPy', rows: ({ name }) => name.includes('descriptor') },
    name: () => 'decoding, flow and descriptor of a clip',
    quality: ([{ quality }]) => `relative difference ${short(quality['descriptor difference, relative'])}`,
  },
  {
    ...{ run: 'training', peer: 'PyTorch', rows: ({ name }) => name.startsWith('200 x 512') },
    name: (rows) => `training a linear student, ${size(rows[0])}`,
    quality: ([{ quality }]) => `parameters ${short(quality['largest difference of a parameter'])} apart`,
  },
  {
    ...{ run: 'training', peer: 'PyTorch', rows: ({ name }) => name.startsWith('CNN') },
    name: () => 'a training step of the CNN student',
    quality: (rows) => `loss ${[...new Set(rows.map(lossOf))].join('; ')}`,
  },
]

const size = ({ name }) => /^\d+ ?x ?\d+/.exec(name)[0]

const lossOf = ({ quality }) =>
  quality.loss ?? `${short(quality['loss after the steps'])}, peer's ${short(quality['loss, peer'])}`

function enginesTable(benchmarks) {
  const body = ENGINES.map(({ name, run, peer, rows: wanted, quality }) => {
    const rows = benchmarks[run].rows.filter((row) => wanted(row) && row.ratio !== null)
    if (rows.length === 0) throw new Error(`docs/benchmarks/${run}.json has no row beside ${peer} for README's table`)
    return [name(rows), peer, range(rows.map(({ ratio }) => ratio)), quality(rows)]
  })
  return table(['engine', 'beside', 'times as fast', 'quality in the same run'], body)
}

/** "4.3 to 9.0", or one number. */
function range(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)].map((x) =>
    Math.abs(x) < 1 ? String(Number(x.toFixed(2)) + 0) : x.toFixed(1),
  )
  return low === high ? low : `${low} to ${high}`
}

// ---- Markdown and files.

/** Four digits; of small numbers two: 1.8e-6. */
function short(x) {
  if (typeof x !== 'number') return x
  return x !== 0 && Math.abs(x) < 1e-3 ? x.toExponential(1).replace('.0e', 'e') : String(Number(x.toPrecision(4)))
}

function read(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'))
}

/** JSON with one row a line, so that a change of one number is a change of one line. */
export function stored({ rows, ...rest }) {
  const head = JSON.stringify(rest, null, 2).slice(0, -2)
  return `${head},\n  "rows": [\n    ${rows.map((row) => JSON.stringify(row)).join(',\n    ')}\n  ]\n}\n`
}

function main(files) {
  for (const file of files) {
    const name = basename(file)
    const bench = name.split(/[-.]/)[0]
    if (!existsSync(join(root, 'scripts', 'bench', `${bench}.ts`)))
      throw new Error(`Expected a file called as its benchmark, NAME.json or NAME-KIND.json, but got ${name}.`)
    writeFileSync(join(root, 'docs', 'benchmarks', name), stored(JSON.parse(readFileSync(file, 'utf8'))))
  }
  const all = measurements()
  for (const page of PAGES)
    writeFileSync(join(root, page), withTables(page, readFileSync(join(root, page), 'utf8'), all))
  writeFileSync(join(root, 'docs', 'evidence.svg'), curve(all.evidence))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2))
