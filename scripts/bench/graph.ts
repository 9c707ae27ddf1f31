// Exact nearest neighbours beside ONNX Runtime (MatMul and TopK) and usearch (approximate): CPU time of one thread, the
// same clustered rows in turn, with the recall in the row; and the share of the machine's matrix-product rate that is
// reached, that rate being the best of NumPy's (OpenBLAS) and ONNX Runtime's product of the same rows.
process.env.INFOMOTION_THREADS = '1' // read when the addon's pool starts

import { execFileSync } from 'node:child_process'
import { knn } from 'infomotion/graph'
import { encodeModel, float32, GraphBuilder, int64 } from 'infomotion/onnx'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { Index, type MetricKind, type ScalarKind } from 'usearch'
import { Random } from '#lib/runtime/random.js'
import { cpuSeconds, median, options, pythonPeer, type Row, report } from './support.js'

const { quick, full } = options()
const K = 10
/** Queries ONNX Runtime takes at a time: their products with all rows stay below 50 MB. */
const QUERIES = 1000

const python = await pythonPeer(['numpy'])
const rows: Row[] = []
for (const [n, dim] of quick ? [[10_000, 512]] : [[2000, 256], [10_000, 512], ...(full ? [[100_000, 512]] : [])])
  rows.push(...(await compare(n, dim, quick ? 2 : n > 20_000 ? 1 : 7)))
report(rows, { usearch: '2.25.3' })

async function compare(n: number, dim: number, rounds: number): Promise<Row[]> {
  const values = clustered(n, dim)
  const units = unitRows(values, dim)
  const product = await openProduct(units, n, dim, false)
  const topK = await openProduct(units, n, dim, true)
  const times = { ours: [] as number[], euclid: [] as number[], ort: [] as number[], usearch: [] as number[] }
  const rates = { numpy: [] as number[], ort: [] as number[] }
  let truth = new Uint32Array() as Uint32Array
  const recalls = { ort: 1, usearch: 1 }
  for (let round = 0; round < rounds; round++) {
    times.ours.push(await cpuSeconds(async () => (truth = (await knn({ rows: n, dim, values }, K)).neighbours)))
    times.euclid.push(await cpuSeconds(() => knn({ rows: n, dim, values }, K, { metric: 'euclid' })))
    let found: ArrayLike<number | bigint> = []
    times.ort.push(await cpuSeconds(async () => (found = await runTopK(topK, units, n, dim))))
    recalls.ort = recall(truth, found, n)
    if (round === 0 || n <= 20_000) {
      times.usearch.push(await cpuSeconds(() => (found = runUsearch(units, n, dim))))
      recalls.usearch = recall(truth, found, n)
    }
    rates.numpy.push(gemmRate(n, dim) ?? 0)
    rates.ort.push(await productRate(product, units, n, dim))
  }
  const rate = Math.max(median(rates.numpy), median(rates.ort))
  const seconds = median(times.ours)
  const executed = (1e-9 * n * n * dim) / seconds // each pair once: half of 2 n^2 dim
  const row = (peerName: string, peer: number, quality: Row['quality'], name = `${n} x ${dim}, cosine`): Row => ({
    name,
    ours: 1000 * (name.endsWith('cosine') ? seconds : median(times.euclid)),
    peer: 1000 * peer,
    peerName,
    unit: 'ms CPU',
    ratio: peer / (name.endsWith('cosine') ? seconds : median(times.euclid)),
    quality,
  })
  return [
    row('ONNX Runtime MatMul + TopK', median(times.ort), { 'recall, ours': 1, "recall, peer's": recalls.ort }),
    row('usearch, build and query', median(times.usearch), { 'recall, ours': 1, "recall, peer's": recalls.usearch }),
    row('ONNX Runtime MatMul + TopK (cosine)', median(times.ort), { 'recall, ours': 1 }, `${n} x ${dim}, euclid`),
    {
      name: `${n} x ${dim}, product rate`,
      ours: executed,
      peer: rate,
      peerName: 'matrix product alone (NumPy or ONNX Runtime)',
      unit: 'GFLOP/s',
      ratio: executed / rate,
      quality: { 'rate as if each pair were multiplied twice': 2 * executed },
    },
  ]
}

/** Rows around 60 centres. */
function clustered(n: number, dim: number): Float32Array {
  const random = new Random(1, 'bench')
  const centres = Float32Array.from({ length: 60 * dim }, () => random.gaussian())
  const values = new Float32Array(n * dim)
  for (let i = 0; i < n; i++) {
    const centre = random.below(60)
    for (let d = 0; d < dim; d++) values[i * dim + d] = centres[centre * dim + d] + 0.8 * random.gaussian()
  }
  return values
}

function unitRows(values: Float32Array, dim: number): Float32Array {
  const units = values.slice()
  for (let at = 0; at < units.length; at += dim) {
    const row = units.subarray(at, at + dim)
    const length = Math.hypot(...row)
    row.forEach((x, d) => {
      row[d] = x / length
    })
  }
  return units
}

/** queries [QUERIES, dim] x rows^T, and of each row of the product the K + 1 largest. */
async function openProduct(units: Float32Array, n: number, dim: number, topK: boolean): Promise<InferenceSession> {
  const g = new GraphBuilder('neighbours')
  const columns = new Float32Array(units.length)
  for (let i = 0; i < n; i++) for (let d = 0; d < dim; d++) columns[d * n + i] = units[i * dim + d]
  const queries = g.input('queries', [QUERIES, dim])
  const product = g.node('MatMul', [queries, g.initializer('rows', float32([dim, n], columns))], {}, 'products')
  g.output(product)
  const model = g.build()
  if (topK) {
    model.initializers.set('k', int64([K + 1]))
    const outputs = ['similarities', 'indices']
    model.nodes.push({ op: 'TopK', domain: '', name: 'TopK', inputs: [product, 'k'], outputs, attributes: {} })
    model.outputs = new Map([['indices', { type: 'int64', dims: [QUERIES, K + 1] }]])
  }
  return InferenceSession.create(encodeModel(model), { intraOpNumThreads: 1, interOpNumThreads: 1 })
}

async function runTopK(session: InferenceSession, units: Float32Array, n: number, dim: number): Promise<BigInt64Array> {
  const found = new BigInt64Array(n * (K + 1))
  for (let begin = 0; begin < n; begin += QUERIES) {
    const batch = units.slice(begin * dim, (begin + QUERIES) * dim)
    const answer = await session.run({ queries: new Tensor('float32', batch, [QUERIES, dim]) })
    found.set(answer[session.outputNames[0]].data as BigInt64Array, begin * (K + 1))
  }
  return found
}

async function productRate(session: InferenceSession, units: Float32Array, n: number, dim: number): Promise<number> {
  const queries = new Tensor('float32', units.slice(0, QUERIES * dim), [QUERIES, dim])
  const seconds = await cpuSeconds(() => session.run({ queries }))
  return (2e-9 * QUERIES * n * dim) / seconds
}

function gemmRate(n: number, dim: number): number | undefined {
  if (!python) return undefined
  const program = `
import time, numpy
a = numpy.ones((${QUERIES}, ${dim}), numpy.float32); b = numpy.ones((${dim}, ${n}), numpy.float32); c = a @ b
times = []
for _ in range(5):
    t = time.process_time(); numpy.matmul(a, b, out=c); times.append(time.process_time() - t)
print(2e-9 * ${QUERIES} * ${n} * ${dim} / sorted(times)[2])`
  const { OPENBLAS_CORETYPE: _, OPENBLAS_L2_SIZE: __, ...env } = process.env // chosen for old versions
  return Number(execFileSync(python, ['-c', program], { env: { ...env, OPENBLAS_NUM_THREADS: '1' }, encoding: 'utf8' }))
}

function runUsearch(units: Float32Array, n: number, dim: number): BigUint64Array {
  const index = new Index(dim, 'cos' as MetricKind, 'f32' as ScalarKind)
  index.add(
    BigUint64Array.from({ length: n }, (_, i) => BigInt(i)),
    units,
    1,
  )
  return index.search(units, K + 1, 1).keys
}

/** Share of the true neighbours among the K + 1 found of each row (the row itself being one). */
function recall(truth: Uint32Array, found: ArrayLike<number | bigint>, n: number): number {
  let hits = 0
  for (let i = 0; i < n; i++) {
    const near = new Set<number>()
    for (let place = 0; place <= K; place++) near.add(Number(found[i * (K + 1) + place]))
    for (let place = 0; place < K; place++) hits += Number(near.has(truth[i * K + place]))
  }
  return hits / (n * K)
}
