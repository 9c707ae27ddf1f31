// What may know what: whose insides each room of lib/ may use (types may come from anywhere: they are contracts, and leave
// nothing behind at run time), that no files import each other in a circle (types included), and that of native/ only
// the bindings know Node, only the plugin CUDA. Part of `npm run lint`.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The rooms of lib/. Each may use itself, `runtime`, `vendor`, and these; '*': all of them. */
const ROOMS = {
  runtime: [],
  vendor: [],
  run: [],
  onnx: [],
  matrix: [],
  // the stages, in the order of the data
  dataset: ['run', 'video'],
  video: ['run'],
  flow: ['run', 'video'],
  volume: ['run', 'flow', 'video'],
  embeddings: ['run', 'dataset', 'matrix'],
  features: ['run', 'onnx', 'matrix', 'flow', 'volume', 'video'],
  graph: ['matrix'],
  infomap: ['run'],
  select: ['matrix', 'graph'],
  synthesize: ['run', 'dataset', 'video'],
  train: ['run', 'onnx', 'matrix', 'volume'],
  evaluate: [],
  report: ['run', 'video', 'select'],
  phantom: ['run', 'video'],
  // those who know all stages
  options: '*',
  distill: '*',
  'distill.ts': '*',
  'compare.ts': '*',
  'doctor.ts': '*',
  'export.ts': '*',
  'index.ts': '*',
  cli: '*',
  'cli.ts': '*',
}
const IMPORT = /^(?:import|export)\s+(?!type\b)([^'"]*?)\bfrom\s+'(\.[^']+)'|import\('(\.[^']+)'\)/gms
/** Types too: files that need each other's types are one thing cut in two. */
const ANY_IMPORT = /^(?:import|export)\s[^'"]*?\bfrom\s+'(\.[^']+)'|import\('(\.[^']+)'\)/gms
const INCLUDE = /^#include\s+[<"]([^>"]+)[>"]/gm

const root = fileURLToPath(new URL('../..', import.meta.url))
const problems = []
const imports = new Map(sources('lib', /\.ts$/).map((file) => [file, importsOf(file)]))
for (const circle of circles(imports)) problems.push(`${circle.join(' -> ')} import each other`)
for (const file of imports.keys()) {
  for (const [, names = '', from, dynamic] of read(file).matchAll(IMPORT)) {
    const onlyTypes = /^\{(\s*type\b[^,}]*,?)+\s*\}\s*$/.test(names.trim())
    if (!onlyTypes) expectMayKnow(file, normalize(join(dirname(file), from ?? dynamic)).replace(/\.js$/, '.ts'))
  }
}
for (const file of sources('native', /\.(cc|cu|h)$/)) {
  for (const [, header] of read(file).matchAll(INCLUDE)) {
    const isNode = /^(napi|node_api|js_native_api|uv|v8|node)\b/.test(header)
    const isCuda = /^(cuda|cublas|thrust|cub\/)/.test(header)
    const allowed =
      (!isNode || file.startsWith(join('native', 'node'))) && (!isCuda || file.startsWith(join('native', 'cuda')))
    if (!allowed) problems.push(`${file} includes <${header}>`)
  }
}
for (const problem of problems) console.error(`${problem}: see scripts/check/rooms.mjs for what may know what`)
process.exitCode = problems.length > 0 ? 1 : 0

function expectMayKnow(file, target) {
  const [from, to] = [file, target].map((path) => relative('lib', path).split(sep)[0])
  const may = ROOMS[from]
  if (may === undefined) problems.push(`lib/${from} is a room that is not described`)
  else if (from !== to && !['runtime', 'vendor'].includes(to) && may !== '*' && !may.includes(to))
    problems.push(`${file} imports ${target}`)
}

/** The files of lib/ that a file imports. */
function importsOf(file) {
  const named = Array.from(read(file).matchAll(ANY_IMPORT), ([, from, dynamic]) => from ?? dynamic)
  return named.map((from) => normalize(join(dirname(file), from)).replace(/\.js$/, '.ts'))
}

/** The circles that a walk along the imports closes: each ends where it began. */
function circles(imports) {
  const found = []
  const done = new Set()
  const visit = (file, path) => {
    if (path.includes(file)) return found.push([...path.slice(path.indexOf(file)), file])
    if (done.has(file)) return
    for (const next of imports.get(file) ?? []) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of imports.keys()) visit(file, [])
  return found
}

function sources(floor, ending) {
  const files = readdirSync(join(root, floor), { recursive: true }).filter((file) => ending.test(file))
  return files.map((file) => join(floor, file))
}

function read(file) {
  return readFileSync(join(root, file), 'utf8')
}
