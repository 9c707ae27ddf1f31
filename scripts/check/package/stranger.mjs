// A small real use of every entry of the package, run by scripts/check/package.mjs in a project that has nothing but the
// installed tarball: `node stranger.mjs FIXTURES PHANTOM OUT [without-onnxruntime]`. Prints digests as one JSON document:
// the check compares them between versions of Node, and those of `everywhere` between processors.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createEncoder, describeClip, distill, farneback, InfomotionError, readClip } from 'infomotion'
import { knn } from 'infomotion/graph'
import { infomap } from 'infomotion/infomap'
import { differentiate, encodeModel, float32, GraphBuilder } from 'infomotion/onnx'

const [fixtures, phantom, out, without] = process.argv.slice(2)
const digest = (...parts) =>
  parts
    .reduce((hash, part) => hash.update(part), createHash('sha256'))
    .digest('hex')
    .slice(0, 16)
const bytes = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength)
const everywhere = {}
const here = {}

// every entry, imported and required (Node 20.19 and later require ES modules)
const require = createRequire(import.meta.url)
const { exports } = require('infomotion/package.json')
for (const entry of Object.keys(exports).filter((name) => name !== './package.json')) {
  const name = entry.replace('.', 'infomotion')
  const imported = Object.keys(await import(name)).sort()
  assert.ok(imported.length > 0, name)
  assert.deepEqual(
    Object.keys(require(name))
      .filter((key) => key !== 'module.exports')
      .sort(),
    imported,
    name,
  )
}

// dense flow of two images, against OpenCV's (the golden case gauss112)
const pgm = (name) => readFileSync(join(fixtures, 'farneback-golden', name)).subarray(-112 * 112)
const golden = readFileSync(join(fixtures, 'farneback-golden', 'gauss112.flo')).subarray(12)
const frames = Buffer.concat([pgm('gauss112.a.pgm'), pgm('gauss112.b.pgm')])
const { flow } = await farneback(frames, { width: 112, height: 112 }, { gaussian: true, border: 'opencv' })
const truth = new Float32Array(Uint8Array.from(golden).buffer)
const worst = flow.reduce((most, value, i) => Math.max(most, Math.abs(value - truth[i])), 0)
assert.ok(flow.length === truth.length && worst <= 2e-3, `flow is off by ${worst} px`)
here.flow = digest(bytes(flow))

// communities of a network whose best partition is known: 30 cliques of 5 in a ring
const links = readFileSync(join(fixtures, 'networks', 'ring_of_cliques_30x5.txt'), 'utf8')
  .split('\n')
  .filter((line) => /^\d/.test(line))
  .map((line) => line.trim().split(/\s+/).map(Number))
const column = (i) => Uint32Array.from(links, (link) => link[i])
const first = links.reduce((least, [from, to]) => Math.min(least, from, to), Number.POSITIVE_INFINITY)
const sources = column(0).map((node) => node - first)
const targets = column(1).map((node) => node - first)
const found = await infomap({ nodes: 150, sources, targets }, { twoLevel: true, seed: 1 })
assert.equal(new Set(found.modules).size, 30)
everywhere.infomap = digest(bytes(found.modules), String(found.codelength))

// nearest neighbours of vectors in two directions
const values = Float32Array.from({ length: 80 }, (_, i) => ((i & 1) === (i >> 1 < 20 ? 0 : 1) ? 1 : 0.01 * (i % 7)))
const { neighbours } = await knn({ rows: 40, dim: 2, values }, 4)
assert.ok(neighbours.every((target, i) => target < 20 === i >> 2 < 20))

// the gradient of a network, as a file
const g = new GraphBuilder('net')
const product = g.node('MatMul', [g.input('x', ['N', 3]), g.initializer('w', float32([3, 2], [1, 2, 3, 4, 5, 6]))])
g.output(g.node('Softmax', [product], {}, 'y'))
everywhere.gradient = digest(encodeModel(differentiate(g.build(), 'y', ['w'], { N: 4 })))

// one clip of a data set, and the way from this to a distilled set
const [, record] = readFileSync(join(phantom, 'FileList.csv'), 'utf8').split('\n')
const clip = await readClip(join(phantom, 'Videos', `${record.split(',')[0].replace(/\.avi$/, '')}.avi`))
everywhere.clip = digest(clip.frames)
here.descriptor = digest(bytes((await describeClip(clip.frames, clip)).motion))
const options = { out, vpc: 1, seed: 1, classes: 'ef2', randomDraws: 2 }
const plain = { synthesize: 'none', descriptor: 'relative', teacher: 0 } // nothing is trained
const { selected } = await distill(phantom, { ...options, ...plain, until: 'synthesize' })
assert.equal(selected, 2)
here.manifest = digest(readFileSync(join(out, 'manifest.json')))

const encode = async () => {
  const encoder = await createEncoder()
  const volume = { values: new Uint8Array(64 * 3 * 56 * 56).fill(128), frames: 64, side: 56 }
  try {
    for await (const embedding of encoder.encode([volume])) return embedding
  } finally {
    await encoder.close()
  }
}
if (without) {
  // the optional dependency is not installed: what needs it says how to get it
  const cure = 'ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node'
  const named = (error) =>
    error instanceof InfomotionError && error.code === 'ONNXRUNTIME_MISSING' && error.message.endsWith(cure)
  await assert.rejects(encode(), named)
  await assert.rejects(distill(phantom, options), named)
} else {
  assert.ok((await encode()).every(Number.isFinite))
  const { evaluation } = await distill(phantom, options)
  here.evaluation = digest(JSON.stringify(evaluation.rows))
}
console.log(JSON.stringify({ everywhere, here }))
