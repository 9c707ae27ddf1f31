// What may know what: whose insides each room of lib/ may use (types may come from anywhere: they are contracts, and leave
// nothing behind at run time), and that of native/ only the bindings know Node, only the plugin CUDA. Part of `npm run lint`.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The rooms of lib/. Each may use itself, `runtime`, and these; '*': all of them. */
const ROOMS = {
  runtime: [],
  run: [],
  onnx: [],
  // the stages, in the order of the data
  dataset: ['run'],
  video: ['run'],
  flow: ['run', 'video'],
  features: ['run', 'onnx', 'flow', 'train', 'video'],
  graph: ['run'],
  infomap: ['run'],
  select: ['run'],
  synthesize: ['run', 'dataset', 'select'],
  train: ['run', 'onnx', 'features'],
  evaluate: ['run'],
  report: ['run', 'video'],
  phantom: ['run', 'video'],
  // those who know all stages
  distill: '*',
  'distill.ts': '*',
  'compare.ts': '*',
  'doctor.ts': '*',
  'index.ts': '*',
  cli: '*',
  'cli.ts': '*',
}
const IMPORT = /^(?:import|export)\s+(?!type\b)([^'"]*?)\bfrom\s+'(\.[^']+)'|import\('(\.[^']+)'\)/gms
const INCLUDE = /^#include\s+[<"]([^>"]+)[>"]/gm

const root = fileURLToPath(new URL('../..', import.meta.url))
const problems = []
for (const file of sources('lib', /\.ts$/)) {
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
  else if (from !== to && to !== 'runtime' && may !== '*' && !may.includes(to))
    problems.push(`${file} imports ${target}`)
}

function sources(floor, ending) {
  const files = readdirSync(join(root, floor), { recursive: true }).filter((file) => ending.test(file))
  return files.map((file) => join(floor, file))
}

function read(file) {
  return readFileSync(join(root, file), 'utf8')
}
